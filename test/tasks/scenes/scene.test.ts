import { describe, expect, it } from "vitest";
import { Random } from "../../../src/tasks/random.ts";
import {
  colours,
  objectBox,
  objectName,
  randomScene,
  type SceneRecipe,
  shapes,
  targetOf,
} from "../../../src/tasks/scenes/scene.ts";

const recipe = { objects: 4, sizeMinPx: 48, sizeMaxPx: 64, dotPx: 3, sidePx: 512, ground: "plain" as const };
const scenes = (count: number, changes: Partial<SceneRecipe> = {}) =>
  Array.from({ length: count }, (_, i) => randomScene(new Random(1, [99, i]), { ...recipe, ...changes }));

describe("randomScene", () => {
  it("is the same for the same random stream, and another for another", () => {
    expect(scenes(2)).toEqual(scenes(2));
    expect(scenes(2)[0]).not.toEqual(scenes(2)[1]);
  });

  it("keeps objects apart, inside, of different colours", () => {
    for (const { objects } of scenes(200)) {
      expect(new Set(objects.map((o) => o.colour)).size).toBe(4);
      objects.forEach((a, i) => {
        expect(a.sizePx).toBeGreaterThanOrEqual(48);
        expect(a.sizePx).toBeLessThan(64);
        const [left, top, right, bottom] = objectBox(a);
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(2);
        expect(Math.max(right, bottom)).toBeLessThanOrEqual(510);
        for (const b of objects.slice(i + 1)) {
          const apart = Math.max(Math.abs(a.xPx - b.xPx), Math.abs(a.yPx - b.yPx)) - (a.sizePx + b.sizePx) / 2;
          expect(apart).toBeGreaterThanOrEqual(6);
        }
      });
    }
  });

  it("chooses colours, shapes, digits and targets evenly", () => {
    const many = scenes(800);
    const targets = many.map(targetOf);
    const evenly = (values: readonly unknown[], kinds: number, slack: number) => {
      const counts = new Map<unknown, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      expect(counts.size).toBe(kinds);
      for (const count of counts.values()) expect(Math.abs(count / values.length - 1 / kinds)).toBeLessThan(slack);
    };
    evenly(
      targets.map((o) => o.colour),
      Object.keys(colours).length,
      0.04,
    );
    evenly(
      targets.map((o) => o.shape),
      shapes.length,
      0.06,
    );
    evenly(
      targets.map((o) => o.text),
      10,
      0.04,
    );
    evenly(
      many.map((scene) => scene.target),
      4,
      0.06,
    );
  });

  it("takes the loosest layout where objects cannot keep apart", () => {
    const [crowded] = scenes(1, { objects: 8, sizeMinPx: 200, sizeMaxPx: 320 });
    const [first] = crowded!.objects;
    expect(crowded!.objects).toHaveLength(8);
    expect(objectName(first!)).toBe(`${first!.colour} ${first!.shape}`);
  });

  it.each([0, 9, 2.5])("refuses %d objects", (objects) => {
    expect(() => scenes(1, { objects })).toThrow(`found ${objects}`);
  });

  it.each([
    [64, 48],
    [0, 48],
    [300, 600],
  ])("refuses sizes from %d to %d", (sizeMinPx, sizeMaxPx) => {
    expect(() => scenes(1, { sizeMinPx, sizeMaxPx })).toThrow(`found ${sizeMinPx} to ${sizeMaxPx} px`);
  });
});
