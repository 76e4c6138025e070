import { count } from "./count.ts";
import { hunt } from "./hunt.ts";
import { needle } from "./needle.ts";
import { order } from "./order.ts";
import { read } from "./read.ts";
import { relate } from "./relate.ts";
import type { SceneSettings, World } from "./world.ts";

/** The kinds of generated scenes. Names of knobs, task ids, presets' pictures and help follow from it. */
export const worlds: readonly World[] = [needle, hunt, relate, count, read, order];

export const worldNames: readonly string[] = worlds.map(({ name }) => name);

/** @throws Error with one sentence where there is none of that name */
export function worldNamed(name: string): World {
  const world = worlds.find((one) => one.name === name);
  if (!world)
    throw new Error(
      `Expected worlds out of ${worldNames.join(", ")}, separated by commas, found ${JSON.stringify(name)}`,
    );
  return world;
}

/** The worlds that the knob names, in its order. @throws Error with one sentence about the first name that is none */
export const chosenWorlds = (names: string): readonly World[] =>
  names.split(",").map((name) => worldNamed(name.trim()));

/**
 * Name of the source of a world's tasks, by which a judge knows them. The needle's is its own, as logs have it; the others' cannot
 * be that of a person's own tasks.
 */
export const sourceOf = ({ name }: World): string => (name === "needle" ? name : `scenes:${name}`);

/** Whether a question of this source may take several zooms, each of which shows where to look next or a part of the answer. */
export const takesSeveralZooms = (source: string, settings: Pick<SceneSettings, "hopsMax">): boolean =>
  worlds.some((world) => sourceOf(world) === source && world.mostZooms(settings) > 1);

/** Whether tasks of this source are generated scenes, whose answers have one spelling. */
export const isSceneSource = (source: string): boolean => worlds.some((world) => sourceOf(world) === source);
