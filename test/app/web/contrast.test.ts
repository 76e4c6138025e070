import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../../../src/app/web/base.css", import.meta.url), "utf8");

/** The colours that a theme's block of the style sheet names. */
function colours(selector: string): Map<string, string> {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(from, css.indexOf("}", from));
  return new Map([...block.matchAll(/--([a-z0-9]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]));
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
const contrast = (one: string, other: string): number => {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
};

const light = colours(":root");
const themes = { light, dark: new Map([...light, ...colours(':root[data-theme="dark"]')]) };
const surfaces = ["paper", "card", "sunk"];

describe.each(Object.entries(themes))("the %s theme", (_, theme) => {
  const at = (name: string): string => theme.get(name)!;

  it("knows the measure: black on white is 21", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  });

  it.each(["ink", "soft", "faint", "problem", "tag", "zoom1", "focus"])("text in %s reads on every surface", (text) => {
    for (const surface of surfaces) expect(contrast(at(text), at(surface)), surface).toBeGreaterThanOrEqual(4.5);
  });

  it.each(["answer", "format", "tool", "total", "gold", "bad", "zoom1", "zoom2", "edge", "focus"])(
    "lines and edges in %s can be told from a card",
    (line) => {
      expect(contrast(at(line), at("card"))).toBeGreaterThanOrEqual(3);
    },
  );

  it("labels on boxes and the first button read on their own ground", () => {
    for (const ground of ["zoom1", "zoom2"]) expect(contrast(at("card"), at(ground))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(at("paper"), at("ink"))).toBeGreaterThanOrEqual(4.5);
  });
});
