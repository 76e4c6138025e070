import type { PictureWays } from "../../../platform.ts";

/** Kinds of files that a browser is tried with. */
const kinds = ["JPEG", "PNG", "WebP"];

/** What decodes picture files here, for people: a sentence, and for each kind of file why it is so. */
export function waysOfPictures({ problem, properties, pictures, fewestPixels }: PictureWays): {
  line: string;
  reasons: { name: string; by: string }[];
} {
  if (problem !== null) return { line: `Pictures are decoded and cropped by our own code: ${problem}.`, reasons: [] };
  const why = (name: string) => properties.find((one) => one.name === name)?.why ?? null;
  // What is said of a kind counts for all of it.
  const byBrowser = kinds.filter((kind) =>
    properties.some(({ name, why: reason }) => name.startsWith(`${kind} `) && reason === null && why(kind) === null),
  );
  const side = Math.round(Math.sqrt(fewestPixels));
  // On a card crops are made there.
  const crops = byBrowser.includes("JPEG")
    ? ", and JPEG cropped through an OffscreenCanvas or on the graphics card"
    : "";
  const line =
    byBrowser.length === 0
      ? `Pictures are decoded and cropped by our own code: of ${pictures} test pictures this browser gives other levels.`
      : `${listed(byBrowser)} ${byBrowser.length > 1 ? "are" : "is"} decoded by this browser (createImageBitmap), since ${pictures} test pictures gave our own decoder’s bytes${crops}; our own code decodes the rest, what is transparent or under ${side} × ${side} px.`;
  return {
    line,
    reasons: properties
      .filter(({ name }) => name !== "PNG")
      .map(({ name, why: reason }) => {
        const kind = kinds.find((one) => name.startsWith(`${one} `));
        const found = reason ?? (kind === undefined ? null : why(kind));
        const own = kind === "WebP" || name === "WebP" ? "the browser, unproven" : "our own code";
        return { name, by: found === null ? "the browser" : `${own}: ${found}` };
      }),
  };
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
