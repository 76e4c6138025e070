import { describe, expect, it, test } from "vitest";
import { objectBox } from "../../../src/tasks/scenes/scene.ts";
import { generatedScenes, problemOf, sceneProblem, sceneTask } from "../../../src/tasks/sources/scenes.ts";
import { presetScenes } from "../../../src/tasks/worlds/preset_scenes.ts";
import { words } from "../../../src/tasks/worlds/read.ts";
import { chosenWorlds, isSceneSource, sourceOf, worlds } from "../../../src/tasks/worlds/table.ts";
import type { Problem, SceneSettings } from "../../../src/tasks/worlds/world.ts";
import { presets } from "../../../src/train/presets.ts";

type Name = keyof typeof presetScenes;
const problems = (name: Name, count: number, changes: Partial<SceneSettings> = {}): Problem[] =>
  Array.from({ length: count }, (_, index) =>
    sceneProblem({ ...presetScenes[name], ...changes, worlds: name }, { seed: 5, split: "train", step: 9, index }),
  );

describe.each(worlds)("$name", ({ name, sidePx }) => {
  it("asks about what its scene shows, and its tasks are made again from their ids", () => {
    const settings = { ...presetScenes[name as Name], worlds: name };
    for (let index = 0; index < 40; index++) {
      const place = { seed: 3, split: "heldout", step: 0, index } as const;
      const task = sceneTask(settings, place);
      const problem = sceneProblem(settings, place);
      expect(task.id).toBe(`${name}/3/heldout/0/${index}`);
      expect(task.imageSizesPx).toEqual([{ width: sidePx, height: sidePx }]);
      expect(problemOf(task.id, settings)).toEqual(problem);
      expect([task.question, task.answer]).toEqual([problem.question, problem.answer]);
      for (const { target } of problem.zooms) expect(problem.scene.objects).toContain(target);
      for (const object of problem.scene.objects)
        for (const px of objectBox(object)) expect(px >= 0 && px <= sidePx).toBe(true);
    }
  });

  it("hides at first sight what takes a zoom", () => {
    for (const { scene, zooms } of problems(name as Name, 40))
      for (const { target } of zooms)
        if (target.text !== "") expect((target.dotPx * 64) / scene.sidePx).toBeLessThan(0.5);
  });
});

describe("hunt", () => {
  /** Follows the letters as a person would, from the question alone. */
  function followed({ scene, question }: Problem): { calls: number; answer: string } {
    let [, colour = ""] = /from the (\w+) /.exec(question) ?? [];
    for (let calls = 1; calls < 9; calls++) {
      const [plate, disc] = scene.objects.filter((o) => o.colour === colour);
      if (disc) return { calls: calls + 1, answer: disc.text };
      if (/\d/.test(plate!.text)) return { calls, answer: plate!.text };
      colour = scene.objects.find((o) => o.colour[0]!.toUpperCase() === plate!.text)!.colour;
    }
    return { calls: Number.POSITIVE_INFINITY, answer: "" };
  }

  it("is solved by following its letters, in as many calls as there are zooms", () => {
    for (const problem of problems("hunt", 200)) {
      const { calls, answer } = followed(problem);
      expect(answer).toBe(problem.answer);
      expect(calls).toBe(problem.zooms.length);
    }
  });

  it.each([
    [2, 2],
    [3, 3],
    [4, 4],
    [2, 4],
  ])("takes %d to %d calls, three on average where it takes two to four", (hopsMin, hopsMax) => {
    const calls = problems("hunt", 300, { hopsMin, hopsMax }).map(({ zooms }) => zooms.length);
    expect([Math.min(...calls), Math.max(...calls)]).toEqual([hopsMin, hopsMax]);
    expect(Math.abs(calls.reduce((a, b) => a + b, 0) / 300 - (hopsMin + hopsMax) / 2)).toBeLessThan(0.12);
  });

  it("zooms into a crop for a disc, which lies on its plate", () => {
    const nested = problems("hunt", 200).filter(({ zooms }) => zooms.at(-1)!.imageIndex > 0);
    expect(nested.length).toBeGreaterThan(60);
    for (const { zooms } of nested) {
      const [plate, disc] = zooms.slice(-2).map(({ target }) => target);
      expect(zooms.at(-1)!.imageIndex).toBe(zooms.length - 1);
      const [left, top, right, bottom] = objectBox(plate!);
      const [x, y, xEnd, yEnd] = objectBox(disc!);
      expect(x >= left && y >= top && xEnd <= right && yEnd <= bottom).toBe(true);
      // Not even a crop of the plate shows its digit.
      expect((disc!.dotPx * 64) / (plate!.sizePx * 1.15)).toBeLessThan(0.5);
    }
  });

  it("leaves the answer at chance after one call", () => {
    // The first plate shows a letter, and digits that can be seen elsewhere do not tell the one at the end.
    const all = problems("hunt", 2000);
    expect(all.every(({ scene }) => /^[A-Z]$/.test(scene.objects[0]!.text))).toBe(true);
    const share = (answer: string) => all.filter((one) => one.answer === answer).length / all.length;
    for (const digit of "0123456789") expect(Math.abs(share(digit) - 0.1)).toBeLessThan(0.03);
  });
});

describe("the other worlds", () => {
  it("relate: both digits must be read, and they differ", () => {
    for (const { zooms, answer } of problems("relate", 200)) {
      const digits = zooms.map(({ target }) => Number(target.text));
      expect(digits[0]).not.toBe(digits[1]);
      expect(answer).toBe(String(Math.max(...digits)));
    }
  });

  it("count: shapes of the kind that is asked for, which may hide parts of each other", () => {
    const all = problems("count", 300);
    for (const { scene, question, answer, zooms } of all) {
      const shape = /like a (\w+)\?/.exec(question)?.[1];
      expect(answer).toBe(String(scene.objects.filter((object) => object.shape === shape).length));
      expect(zooms).toEqual([]);
    }
    const overlaps = ({ scene: { objects } }: Problem) =>
      objects.some((a, i) =>
        objects
          .slice(0, i)
          .some((b) => Math.max(Math.abs(a.xPx - b.xPx), Math.abs(a.yPx - b.yPx)) < (a.sizePx + b.sizePx) / 2),
      );
    expect(all.filter(overlaps).length).toBeGreaterThan(60);
    // Apart where there is room: eight of the largest shapes leave little.
    expect(problems("count", 100, { overlap: 0, objects: 4 }).filter(overlaps)).toEqual([]);
  });

  it("order: colours from left to right", () => {
    for (const { scene, answer } of problems("order", 50)) {
      const places = answer.split(" ").map((colour) => scene.objects.find((o) => o.colour === colour)!.xPx);
      expect(places).toHaveLength(scene.objects.length);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  it("read: a word of the list", () => {
    expect(new Set(words).size).toBe(words.length);
    expect(words.every((word) => /^[A-Z]{3}$/.test(word))).toBe(true);
    const answers = problems("read", 300).map(({ answer }) => answer);
    expect(new Set(answers).size).toBeGreaterThan(100);
  });
});

describe("several worlds in a run", () => {
  it("takes each task from one of them at random, with the scene that it has alone", () => {
    const settings = { worlds: "needle, relate" };
    const tasks = Array.from({ length: 200 }, (_, index) =>
      sceneTask(settings, { seed: 1, split: "train", step: 0, index }),
    );
    const needles = tasks.filter(({ source }) => source === "needle");
    expect(Math.abs(needles.length - 100)).toBeLessThan(30);
    const [, , , , index] = needles[5]!.id.split("/");
    expect(sceneTask({}, { seed: 1, split: "train", step: 0, index: Number(index) })).toEqual(needles[5]);
    expect(generatedScenes(settings, 1).name).toBe("scenes");
    expect(generatedScenes({ worlds: "hunt" }, 1).name).toBe("scenes:hunt");
  });

  it("takes no file's name for a world's", () => {
    for (const world of worlds) expect(isSceneSource(sourceOf(world))).toBe(true);
    for (const name of ["hunt", "scenes", "scenes:hunt.jsonl", "needle.jsonl"]) expect(isSceneSource(name)).toBe(false);
  });

  it.each(["", "needle,", "hunts", "needle;hunt"])("refuses %j", (names) => {
    expect(() => chosenWorlds(names)).toThrow("Expected worlds out of needle, hunt, relate, count, read, order");
  });
});

describe("settings of all worlds", () => {
  it("a curriculum begins with easy tasks and ends with the share that is asked for", () => {
    const calls = (step: number) =>
      Array.from({ length: 200 }, (_, index) =>
        sceneProblem(
          { ...presetScenes.hunt, worlds: "hunt", curriculumSteps: 100 },
          { seed: 2, split: "train", step, index },
        ),
      ).filter(({ zooms }) => zooms.length === 2).length / 200;
    expect(calls(0)).toBe(1);
    expect(Math.abs(calls(50) - 2 / 3)).toBeLessThan(0.1);
    expect(Math.abs(calls(100) - 1 / 3)).toBeLessThan(0.1);
    const heldOut = { seed: 2, split: "heldout", step: 0, index: 3 } as const;
    const hunts = { ...presetScenes.hunt, worlds: "hunt" };
    expect(sceneProblem({ ...hunts, curriculumSteps: 100 }, heldOut)).toEqual(sceneProblem(hunts, heldOut));
  });

  it("held-out scenes may lie on a ground of their own", () => {
    const settings = { ground: "textured", heldOutGround: "stripes" } as const;
    const waves = (split: "train" | "heldout") =>
      new Set(
        Array.from(
          { length: 60 },
          (_, index) => sceneProblem(settings, { seed: 1, split, step: 0, index }).scene.waves.length,
        ),
      );
    expect(waves("heldout")).toEqual(new Set([6]));
    expect(waves("train")).toEqual(new Set([24, 4]));
  });

  test("presets have the scenes that the lessons show", () => {
    for (const name of ["hunt", "relate", "read", "count"] as const)
      expect(presets[name]!.changes).toMatchObject({ model: "worlds", worlds: name, ...presetScenes[name] });
  });
});
