import { describe, expect, it } from "vitest";
import { resize } from "../../../src/image/resize.ts";
import { Random } from "../../../src/tasks/random.ts";
import { textDots } from "../../../src/tasks/scenes/glyphs.ts";
import { renderWindow, squareView, wholeScene } from "../../../src/tasks/scenes/render.ts";
import { randomScene, type Scene, type SceneObject } from "../../../src/tasks/scenes/scene.ts";
import { fingerprint } from "../../support/fingerprint.ts";

const empty: Scene = { sidePx: 512, base: [100, 110, 120], waves: [], bars: [], objects: [], target: 0 };
const whole = wholeScene(empty);
const object: SceneObject = {
  colour: "red",
  shape: "square",
  text: "1",
  xPx: 256,
  yPx: 256,
  sizePx: 100,
  dotPx: 8,
  levels: [200, 40, 60],
  ink: 10,
};
const randomOne = (index: number) =>
  randomScene(new Random(7, [99, index]), {
    objects: 4,
    sizeMinPx: 48,
    sizeMaxPx: 64,
    dotPx: 3,
    sidePx: 512,
    ground: "plain",
  });

/** Levels at a column and row. */
const at = ({ data, width }: { data: Uint8Array; width: number }, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe("renderWindow", () => {
  it("fills the ground with the base", () => {
    const picture = renderWindow(empty, whole, 4);
    expect(picture).toMatchObject({ width: 4, height: 4 });
    expect(new Set(Array.from({ length: 16 }, (_, i) => at(picture, i % 4, i >> 2).join()))).toEqual(
      new Set(["100,110,120"]),
    );
  });

  it("adds waves at the centres of rendered pixels", () => {
    const waves = [{ cyclesX: 2, cyclesY: -1, phase: 0.7, amplitude: 12 }];
    const picture = renderWindow({ ...empty, waves }, { left: 100, top: 50, sidePx: 256 }, 8);
    for (const [x, y] of [
      [0, 0],
      [5, 2],
      [7, 7],
    ] as const) {
      const angle = ((2 * Math.PI) / 512) * (2 * (100 + (x + 0.5) * 32) - (50 + (y + 0.5) * 32)) + 0.7;
      expect(at(picture, x, y)[0]).toBe(Math.round(100 + 12 * Math.cos(angle)));
    }
  });

  it("covers pixels by area with bars", () => {
    // A rendered pixel is 8 source pixels wide: the bar fills pixel 1, half of pixel 2, and a quarter of the rows of 1.
    const bars = [{ xPx: 8, yPx: 8, widthPx: 12, heightPx: 10, levels: [20, 30, 40] as [number, number, number] }];
    const picture = renderWindow({ ...empty, bars }, whole, 64);
    expect(at(picture, 1, 1)).toEqual([20, 30, 40]);
    expect(at(picture, 2, 1)).toEqual([60, 70, 80]);
    expect(at(picture, 1, 2)).toEqual([80, 90, 100]);
    expect(at(picture, 3, 1)).toEqual([100, 110, 120]);
    expect(at(picture, 0, 1)).toEqual([100, 110, 120]);
  });

  it("renders each shape where it reaches", () => {
    const inside = (shape: SceneObject["shape"], dx: number, dy: number) =>
      at(renderWindow({ ...empty, objects: [{ ...object, shape }] }, whole, 512), 256 + dx, 256 + dy)[0] === 200;
    expect([inside("square", 43, 43), inside("square", 47, 0)]).toEqual([true, false]);
    expect([inside("circle", 47, 0), inside("circle", 37, 37)]).toEqual([true, false]);
    expect([inside("diamond", 52, 0), inside("diamond", 29, 29)]).toEqual([true, false]);
    expect([inside("triangle", 40, 46), inside("triangle", 20, -40)]).toEqual([true, false]);
    expect(inside("triangle", 0, -44)).toBe(true);
  });

  it("softens rims over one rendered pixel", () => {
    // The square's right rim is at 256 + 45 = 301: pixel 300 is inside by half, its centre half a pixel from the rim.
    const picture = renderWindow({ ...empty, objects: [object] }, { left: 0.5, top: 0, sidePx: 512 }, 512);
    expect(at(picture, 299, 256)[0]).toBe(200);
    expect(at(picture, 300, 256)[0]).toBe(150);
    expect(at(picture, 301, 256)[0]).toBe(100);
  });

  it.each([..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"])("renders %s dot for dot", (text) => {
    // One rendered pixel a dot.
    const view = { left: 256 - 20, top: 256 - 28, sidePx: 64 };
    const picture = renderWindow({ ...empty, objects: [{ ...object, text }] }, view, 8);
    const seen = textDots(text).map((row, y) => row.map((_, x) => at(picture, x, y)[0] === 10));
    expect(seen).toEqual(textDots(text));
  });

  it("renders a word with a free column between letters", () => {
    const view = { left: 256 - (17 / 2) * 2, top: 256 - 7, sidePx: 64 };
    const picture = renderWindow({ ...empty, objects: [{ ...object, dotPx: 2, text: "IVY" }] }, view, 32);
    const seen = Array.from({ length: 7 }, (_, y) =>
      Array.from({ length: 17 }, (_, x) => (at(picture, x, y)[0] === 10 ? "#" : ".")).join(""),
    );
    expect(seen).toEqual([
      ".###..#...#.#...#",
      "..#...#...#.#...#",
      "..#...#...#..#.#.",
      "..#...#...#...#..",
      "..#....#.#....#..",
      "..#....#.#....#..",
      ".###....#.....#..",
    ]);
  });

  it("has no dots for other characters", () => {
    expect(() => textDots("4a")).toThrow('A scene\'s text is of digits and capital letters, found "a"');
  });

  it("moves a triangle's digit down by an eighth", () => {
    const view = { left: 256 - 20, top: 256 - 28 + 12.5, sidePx: 64 };
    const picture = renderWindow({ ...empty, objects: [{ ...object, shape: "triangle", text: "7" }] }, view, 8);
    expect([0, 1, 2, 3, 4].map((x) => at(picture, x, 0)[0])).toEqual([10, 10, 10, 10, 10]);
  });

  it("shows from afar what the mean of the near picture shows", () => {
    const scene = randomOne(0);
    const mean = resize(renderWindow(scene, whole, 512), 64, 64, { filter: "box" });
    const afar = renderWindow(scene, whole, 64);
    const differences = afar.data.map((level, i) => Math.abs(level - mean.data[i]!));
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(1);
  });

  it("shows the same part of the scene through a view", () => {
    const scene = randomOne(1);
    const picture = renderWindow(scene, whole, 512);
    const part = renderWindow(scene, { left: 64, top: 128, sidePx: 128 }, 128);
    for (let y = 0; y < 128; y += 7)
      for (let x = 0; x < 128; x += 5) expect(at(part, x, y)).toEqual(at(picture, x + 64, y + 128));
  });

  it("renders these very pictures", () => {
    const scene = randomOne(2);
    const pictures = [
      renderWindow(scene, whole, 512),
      renderWindow(scene, whole, 64),
      renderWindow(scene, { left: 101.5, top: 33.25, sidePx: 130.7 }, 64),
    ];
    expect(pictures.map(({ data }) => fingerprint(data))).toEqual(["bc12a974", "ef2dc1d2", "8bcdd939"]);
  });
});

describe("squareView", () => {
  it("widens to a square about the centre", () => {
    expect(squareView([100, 200, 200, 240], whole)).toEqual({ left: 100, top: 170, sidePx: 100 });
  });
  it("shows at least 32 pixels", () => {
    expect(squareView([100, 100, 110, 104], whole)).toEqual({ left: 89, top: 86, sidePx: 32 });
  });
  it("stays inside the scene", () => {
    expect(squareView([0, 480, 100, 512], whole)).toEqual({ left: 0, top: 412, sidePx: 100 });
    expect(squareView([0, 0, 512, 512], whole)).toEqual(whole);
  });
});
