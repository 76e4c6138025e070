import { type SceneSettings, usualScenes } from "../../../tasks/worlds/world.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { Item } from "../../benchmarks/benchmark.ts";
import { scenesOf, worldItems } from "../../benchmarks/world_items.ts";
import type { Options } from "../command_line/arguments.ts";
import { chosenControls, judgeOf, type OpenedBenchmark, type Prepared, sceneControls } from "./benchmark_setup.ts";

/** Scenes asked of each world unless a limit is given. */
const scenesByDefault = 256;

/** `benchmark needle` and `benchmark hunt,read`. @throws Error with one sentence about a flag that means nothing here */
export function prepareWorlds(
  worlds: readonly string[],
  changes: Partial<RunConfig>,
  paths: readonly string[],
  options: Options,
): Prepared {
  const name = worlds.join(",");
  if (paths.length > 0)
    throw new Error(
      `saccade benchmark ${name} takes flags only, found "${paths[0]}"; several worlds are written with commas`,
    );
  if (options.options !== undefined || options.control === "as-given")
    throw new Error("Questions about scenes have no options to order; leave --options and --control as-given out");
  if (judgeOf(changes) !== "rules")
    throw new Error("Generated scenes are judged by their one spelling; leave --judge and --judge-url out");
  if (changes.worlds !== undefined && options.config === undefined)
    throw new Error(`saccade benchmark ${name} names its worlds; leave --worlds out`);
  return {
    head: { name: worlds.map(capital).join(", "), place: "held-out scenes", order: null, notes: [] },
    open: (config) => openWorlds(worlds, config, options.config === undefined ? scenesIn(changes) : {}, options.limit),
    controls: chosenControls(options.control ?? "all", sceneControls),
    sampled: options.avgAt ?? 1,
    meanOfCategories: false,
    judge: "rules",
    changes: { ...modelFor(worlds, changes, options), ...changes, data: "", judge: "rules", reward: "weights" },
  };
}

async function openWorlds(
  worlds: readonly string[],
  config: RunConfig,
  named: Partial<SceneSettings>,
  limit = scenesByDefault,
): Promise<OpenedBenchmark> {
  const items: Item[] = [];
  const setNotes: Record<string, readonly string[]> = {};
  for (const world of worlds) {
    const set = await worldItems(world, scenesOf(world, config, named), config.seed, limit);
    items.push(...set.items);
    setNotes[world] = set.notes;
  }
  return { items, setNotes };
}

/** The needle has a model of its own; the other worlds share one, and its prompt and limits. */
function modelFor(worlds: readonly string[], changes: Partial<RunConfig>, options: Options): Partial<RunConfig> {
  const isOther = changes.preset !== undefined || options.from !== undefined;
  const isElsewhere = options.policyUrl !== undefined || options.policyOnnx !== undefined;
  const isNeedle = worlds.every((world) => world === "needle") && changes.model !== "worlds";
  return isOther || isElsewhere || isNeedle ? {} : { preset: "hunt" };
}

/** The settings of scenes that were given by name. */
const scenesIn = (changes: Partial<RunConfig>): Partial<SceneSettings> =>
  Object.fromEntries(Object.entries(changes).filter(([key]) => key in usualScenes && key !== "worlds"));

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
