import type { PictureWays } from "../../../platform.ts";

/** Kinds of files that a browser is tried with. */
const kinds = ["JPEG", "PNG", "WebP"];

/** What decodes and crops picture files here, for people: a line, and what stands behind it. */
export function waysOfPictures({ problem, properties, pictures, fewestPixels, decoded }: PictureWays): {
  line: string;
  facts: { name: string; text: string }[];
} {
  if (problem !== null) return { line: `Pictures are decoded and cropped by our own code: ${problem}`, facts: [] };
  // What is said of a kind counts for all of it.
  const why = (name: string): string | null => properties.find((one) => one.name === name)?.why ?? null;
  const whyNot = ({ name, why: reason }: PictureWays["properties"][number]): string | null =>
    reason ?? why(name.split(" ")[0]!);
  const named = properties.filter(({ name }) => name !== "PNG");
  const proven = named.filter((one) => whyNot(one) === null).map(({ name }) => name);
  const others = named.filter((one) => whyNot(one) !== null);
  const byBrowser = kinds.filter((kind) => proven.some((name) => name.split(" ")[0] === kind));
  const side = Math.round(Math.sqrt(fewestPixels));
  const crops = byBrowser.includes("JPEG") ? "; JPEG is cropped through an OffscreenCanvas" : "";
  return {
    line:
      byBrowser.length === 0
        ? "Pictures are decoded and cropped by our own code"
        : `${listed(byBrowser)} ${byBrowser.length > 1 ? "are" : "is"} decoded by this browser${crops}`,
    facts: [
      { name: "by the browser", text: proven.length > 0 ? shortened(proven) : "nothing" },
      { name: "why", text: `${pictures} test pictures: these kinds gave our own decoder’s bytes` },
      ...others.map((one) => ({ name: one.name, text: `${whyNot(one)}; by ${ownOf(one.name)}` })),
      {
        name: "by our own code",
        text: `transparency, which a canvas loses; CMYK and rare kinds; under ${side} × ${side} px, which is faster`,
      },
      { name: "crops", text: "made on the graphics card where there is one, with the same bytes" },
      { name: "so far", text: `${decoded.canvas} by the browser, ${decoded.own} by our own code` },
    ],
  };
}

/** WebP has no decoder of our own. */
const ownOf = (name: string): string => (name.startsWith("WebP") ? "the browser all the same" : "our own code");

/** "JPEG 4:2:0, 4:4:4; PNG rgb" */
const shortened = (names: readonly string[]): string =>
  kinds
    .map((kind) => names.filter((name) => name.split(" ")[0] === kind).map((name) => name.slice(kind.length + 1)))
    .flatMap((kept, i) => (kept.length === 0 ? [] : [`${kinds[i]} ${kept.join(", ")}`]))
    .join("; ");

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
