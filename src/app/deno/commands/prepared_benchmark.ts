import { benchmarks, findBenchmark } from "../../../tasks/benchmarks/table.ts";
import { worldNames } from "../../../tasks/worlds/table.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { prepareChoices } from "./benchmark_choices.ts";
import { prepareOwn } from "./benchmark_own.ts";
import { ownName, type Prepared } from "./benchmark_setup.ts";
import { prepareWorlds } from "./benchmark_worlds.ts";

/** @throws Error with one sentence: a benchmark that is none, and what each says of its flags */
export async function prepareBenchmark(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<Prepared> {
  const [name = ownName, ...paths] = options.folders ?? [];
  if (name === ownName) return prepareOwn(changes, paths, options, context);
  // What a file of settings says of data is its run's matter.
  if (changes.data !== undefined && options.config === undefined)
    throw new Error(`--data names tasks for saccade benchmark ${ownName}; leave it out with ${name}`);
  const definition = findBenchmark(name);
  if (definition) return prepareChoices(definition, changes, paths, options, context);
  const worlds = name === "worlds" ? worldNames : name.split(",").map((one) => one.trim());
  const unknown = worlds.find((one) => !worldNames.includes(one));
  if (unknown !== undefined)
    throw new Error(
      `Expected ${benchmarks.map((one) => `${one.name} PATH`).join(", ")}, ${ownName} PATH, or worlds out of ${worldNames.join(", ")} (several with commas; worlds: all) behind benchmark, found "${unknown}"`,
    );
  return prepareWorlds([...new Set(worlds)], changes, paths, options);
}
