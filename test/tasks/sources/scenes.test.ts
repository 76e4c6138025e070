import { describe, expect, it } from "vitest";
import { targetOf } from "../../../src/tasks/scenes/scene.ts";
import { generatedScenes, scenePictures, sceneProblem, sceneTask } from "../../../src/tasks/sources/scenes.ts";
import { fingerprint } from "../../support/fingerprint.ts";

const settings = { objects: 4, glyphPx: 3, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0 };
/** Side of a digit's dot in the picture that the model sees at first. */
const inputDotPx = (dotPx: number) => (dotPx * 64) / 512;

describe("sceneTask", () => {
  it("asks for the target's digit", () => {
    const { scene } = sceneProblem(settings, { seed: 7, split: "train", step: 12, index: 3 });
    const target = targetOf(scene);
    expect(sceneTask(settings, { seed: 7, split: "train", step: 12, index: 3 })).toEqual({
      id: "needle/7/train/12/3",
      source: "needle",
      question: `What digit is on the ${target.colour} ${target.shape}?`,
      answer: target.text,
      imageSizesPx: [{ width: 512, height: 512 }],
      goldBoxSourcePx: [
        Math.round(target.xPx - target.sizePx / 2),
        Math.round(target.yPx - target.sizePx / 2),
        Math.round(target.xPx + target.sizePx / 2),
        Math.round(target.yPx + target.sizePx / 2),
      ],
    });
  });

  it("has no question twice in a step", () => {
    const boxes = Array.from({ length: 64 }, (_, i) =>
      String(sceneTask(settings, { seed: 0, split: "train", step: 0, index: i }).goldBoxSourcePx),
    );
    expect(new Set(boxes).size).toBe(64);
  });
});

describe("needleScene", () => {
  it("hides digits at first sight by default", () => {
    for (let i = 0; i < 50; i++)
      for (const { dotPx } of sceneProblem(settings, { seed: 0, split: "train", step: 0, index: i }).scene.objects)
        expect(inputDotPx(dotPx)).toBeLessThan(1);
  });

  it("makes close-ups legible, in the share asked for", () => {
    const scenes = Array.from(
      { length: 400 },
      (_, i) => sceneProblem({ ...settings, legibleShare: 0.5 }, { seed: 0, split: "train", step: 0, index: i }).scene,
    );
    const closeUps = scenes.filter((scene) => scene.objects[0]?.dotPx !== 3);
    expect(Math.abs(closeUps.length / 400 - 0.5)).toBeLessThan(0.08);
    const ranges = { 1: [160, 300], 2: [140, 220], 3: [110, 140] } as const;
    for (const { objects } of closeUps) {
      const [least, most] = ranges[objects.length as 1 | 2 | 3];
      for (const { sizePx, dotPx } of objects) {
        expect(sizePx).toBeGreaterThanOrEqual(least);
        expect(sizePx).toBeLessThan(most);
        expect(dotPx).toBeCloseTo(least * 0.09);
        expect(inputDotPx(dotPx)).toBeGreaterThanOrEqual(1);
      }
    }
    expect(new Set(closeUps.map((scene) => scene.objects.length))).toEqual(new Set([1, 2, 3]));
  });

  it("keeps held-out scenes apart from trained ones", () => {
    const seen = new Set<string>();
    for (let step = 0; step < 20; step++)
      for (let i = 0; i < 16; i++)
        seen.add(JSON.stringify(sceneProblem(settings, { seed: 0, split: "train", step, index: i })));
    expect(seen.size).toBe(320);
    for (let i = 0; i < 256; i++)
      expect(seen.has(JSON.stringify(sceneProblem(settings, { seed: 0, split: "heldout", step: 0, index: i })))).toBe(
        false,
      );
  });
});

describe("scenePictures", () => {
  it("renders the picture of a task from its id", () => {
    const [picture, ...rest] = scenePictures("needle/7/train/12/3", settings);
    expect(rest).toEqual([]);
    expect([picture?.width, picture?.height]).toEqual([512, 512]);
    expect(fingerprint(picture!.data)).toBe("a69ab64d");
    expect(fingerprint(scenePictures("needle/7/heldout/12/3", settings)[0]!.data)).not.toBe("a69ab64d");
  });

  it("shows the target in its gold box", () => {
    const task = sceneTask(settings, { seed: 7, split: "train", step: 12, index: 3 });
    const { scene } = sceneProblem(settings, { seed: 7, split: "train", step: 12, index: 3 });
    const target = targetOf(scene);
    const [left, top, right] = task.goldBoxSourcePx!;
    const [picture] = scenePictures(task.id, settings);
    // Left of the digit and level with it, every shape shows its colour.
    const x = Math.round((left + right) / 2 - 11);
    const y = Math.round(top + (right - left) * 0.6);
    const from = (y * 512 + x) * 3;
    expect([...picture!.data.subarray(from, from + 3)]).toEqual(target.levels.map(Math.round));
  });

  it.each(["needle/7/test/1/1", "folder/7/train/1/1", "needle/7/train/1", ""])("refuses %j", (id) => {
    expect(() => scenePictures(id, settings)).toThrow(`found "${id}"`);
  });
});

describe("needle", () => {
  it("is a source of tasks and their pictures", async () => {
    const source = generatedScenes(settings, 5);
    const tasks = await source.take(3, 4);
    expect(tasks.map((task) => task.id)).toEqual([0, 1, 2, 3].map((i) => `needle/5/train/3/${i}`));
    expect((await source.heldOut(2)).map((task) => task.id)).toEqual(["needle/5/heldout/0/0", "needle/5/heldout/0/1"]);
    expect(tasks.every((task) => task.source === source.name)).toBe(true);
    expect(await source.take(3, 2)).toEqual(tasks.slice(0, 2));
    const [, , third] = tasks;
    const [picture] = await source.pictures(third!);
    expect(fingerprint(picture!.data)).toBe(fingerprint(scenePictures(third!.id, settings)[0]!.data));
  });
});
