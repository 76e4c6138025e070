import { expect, test } from "vitest";
import { Pictures } from "../../../../src/app/web/run/pictures.ts";
import type { Pixels } from "../../../../src/image/pixels.ts";
import { sceneTask } from "../../../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../../../src/train/config.ts";

const config = resolveConfig({ preset: "hunt" });
const taskOf = (index: number) => sceneTask(config, { seed: 0, split: "train", step: 0, index });

test("pictures are kept as long as their bytes allow, the latest in any case", async () => {
  const asked: string[] = [];
  const pictures = new Pictures({
    async pictures({ id }): Promise<Pixels[]> {
      asked.push(id);
      return [{ width: 2048, height: 2048, data: new Uint8Array(2048 * 2048 * 3) }];
    },
  });
  const ask = (index: number) => pictures.ask(taskOf(index), config, new AbortController().signal);
  for (let i = 0; i < 8; i++) await ask(i);
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => pictures.peek(taskOf(i), config) !== undefined)).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((i) => i >= 3),
  );
  await ask(7);
  expect(asked.length).toBe(8);
});

test("scenes of two runs are told apart by every knob that shapes them", () => {
  const pictures = new Pictures({ pictures: () => expect.unreachable() });
  const changes = [
    {},
    { ground: "clouds" },
    { hopsMax: 2 },
    { overlap: 0.5 },
    { heldOutGround: "bricks" },
    { curriculumSteps: 9 },
  ];
  const keys = changes.map((change) => pictures.keyOf(taskOf(0), resolveConfig({ preset: "hunt", ...change })));
  expect(new Set(keys).size).toBe(changes.length);
  expect(pictures.keyOf(taskOf(0), resolveConfig({ preset: "hunt", steps: 7 }))).toBe(keys[0]);
});
