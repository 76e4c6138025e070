import { expect, test } from "vitest";
import { guessLevel } from "../../../src/tasks/sources/guess_level.ts";
import { sceneTask } from "../../../src/tasks/sources/scenes.ts";
import { presetScenes } from "../../../src/tasks/worlds/preset_scenes.ts";
import { worldNamed } from "../../../src/tasks/worlds/table.ts";

/** What a guess is worth, by how each world draws its answers. */
const levels = {
  // One of ten digits: the most frequent of 2,000 draws.
  needle: { least: 0.1, most: 0.125, needZoom: 1 },
  hunt: { least: 0.1, most: 0.125, needZoom: 1 },
  // 9 is the larger of two different digits in 18 of 90 pairs.
  relate: { least: 0.18, most: 0.22, needZoom: 1, answer: "9" },
  read: { least: 1 / 139, most: 0.02, needZoom: 1 },
  count: { least: 0.3, most: 0.4, needZoom: 0 },
  order: { least: 0.001, most: 0.01, needZoom: 0 },
};

test.each(Object.entries(levels))("%s: what the most frequent answer is worth", (name, expected) => {
  const scenes = presetScenes[name as keyof typeof presetScenes];
  const level = guessLevel(worldNamed(name), scenes, 3);
  expect(level.share).toBeGreaterThanOrEqual(expected.least);
  expect(level.share).toBeLessThanOrEqual(expected.most);
  expect(level.needZoom).toBe(expected.needZoom);
  if ("answer" in expected) expect(level.answer).toBe(expected.answer);
  // The same answer to scenes that were not counted: within four standard errors.
  const asked = Array.from({ length: 500 }, (_, index) =>
    sceneTask({ ...scenes, worlds: name }, { seed: 3, split: "heldout", step: 0, index }),
  );
  const right = asked.filter(({ answer }) => answer === level.answer).length / asked.length;
  const error = Math.sqrt((level.share * (1 - level.share)) / asked.length);
  expect(Math.abs(right - level.share)).toBeLessThan(4 * error + 0.002);
});
