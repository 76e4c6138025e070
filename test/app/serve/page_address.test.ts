import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withAddress } from "../../../src/app/serve/page_address.mjs";

const root = new URL("../../../", import.meta.url);
const html = readFileSync(new URL("index.html", root), "utf8");

/** Width and height stand at fixed places of a PNG. */
const sizeOf = ({ buffer }: Uint8Array<ArrayBuffer>): string =>
  [16, 20].map((place) => new DataView(buffer).getUint32(place)).join("x");

test("a link to the page has a card: title, sentence and a picture that is there, in its size", () => {
  for (const name of ["og:title", "og:description", "og:image:alt"])
    expect(html).toMatch(new RegExp(`property="${name}"\\s+content="[^"]{20,}"`));
  const picture = readFileSync(new URL("public/card.png", root));
  expect(sizeOf(picture)).toBe("1200x630");
  expect(html).toContain('property="og:image:width" content="1200"');
  expect(picture.length).toBeLessThan(300_000);
});

test("the manifest names icons that are there, in their sizes", () => {
  const manifest = JSON.parse(readFileSync(new URL("public/manifest.webmanifest", root), "utf8"));
  expect(manifest).toMatchObject({ start_url: "./", scope: "./", display: "standalone" });
  for (const { src, sizes, type } of manifest.icons) {
    const bytes = readFileSync(new URL(`public/${src}`, root));
    if (type === "image/png") expect(sizeOf(bytes)).toBe(sizes);
    else expect(new TextDecoder().decode(bytes)).toMatch(/^<svg/);
  }
});

test("a build that knows its address gives the picture a whole one", () => {
  const built = withAddress(html, "https://example.org/saccade");
  expect(built.html).toContain('property="og:image" content="https://example.org/saccade/card.png"');
  const href = "https://example.org/saccade/";
  expect(built.tags.map(({ attrs }) => attrs)).toEqual([
    { rel: "canonical", href },
    { property: "og:url", content: href },
  ]);
  for (const bad of ["saccade", "ftp://example.org/", "https://example.org/?a=b"])
    expect(() => withAddress(html, bad)).toThrow("SACCADE_ADDRESS must be where the page will lie");
});
