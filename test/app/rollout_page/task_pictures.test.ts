import { expect, test } from "vitest";
import { shippedView, taskPictures } from "../../../src/app/rollout_page/task_pictures.ts";
import type { Platform } from "../../../src/platform.ts";
import { sceneTask } from "../../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../../src/train/config.ts";

test.each([
  "moon/1/train/0/0",
  "needle/99999999999/train/0/0",
  "needle/1/train/99999999999/0",
  "hunt/1/train/0/0/../../x",
])("a task that is no scene, %s, costs its picture alone", async (id) => {
  const config = resolveConfig({ preset: "relate" });
  // Scenes ask no platform for anything.
  const picturesOf = taskPictures(config, {} as Platform, shippedView);
  const task = sceneTask(config, { seed: 1, split: "train", step: 0, index: 0 });
  expect((await picturesOf(task)).pictures![0]).toMatchObject({ width: 512, height: 512 });
  expect(await picturesOf({ ...task, id })).toEqual({
    pictures: null,
    missing: `Its picture cannot be had: A task of a generated scene has an id like "needle/7/train/12/3" (world, seed, split, step, index), found "${id}"`,
  });
});
