import { defineTool, type Tool } from "../../../agent/tools/tool.ts";
import { defineReward } from "../../../reward/rewards/reward_function.ts";
import { defineTasks } from "../../../tasks/sources/task_source.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { isModulePath } from "../../../train/own_code.ts";
import type { OwnParts } from "../../session/run_context.ts";

/** The knobs in whose place code may stand, and the flags that name it. */
const codeFlags = { reward: "--reward", data: "--tasks", tools: "--tool" } as const;

type CodeKnobs = Pick<RunConfig, keyof typeof codeFlags>;

/**
 * The configuration of a run may be untrusted: code that it names is run only where the command line names it as well.
 * @param named  what the command line says
 * @throws Error with the flag that is missing
 */
export function expectOwnCodeNamed(config: CodeKnobs, named: Partial<RunConfig>): void {
  for (const knob of Object.keys(codeFlags) as (keyof CodeKnobs)[]) {
    const unnamed = modulesIn(config[knob]).find((path) => !modulesIn(named[knob] ?? "").includes(path));
    if (unnamed !== undefined)
      throw new Error(
        `The run was made with the code ${unnamed}, which is run only where you name it: look at it, and add ${codeFlags[knob]} ${unnamed}`,
      );
  }
}

/**
 * A person's own code for a run, from the modules that its configuration names. They run with everything that this
 * process may do; nothing else is ever imported by a path that does not stand in our own code.
 * @throws Error in one sentence: code that the command line does not name, no such module, one that fails while it is
 *         loaded, or a default export that is something else
 */
export async function loadOwnCode(config: CodeKnobs, named: Partial<RunConfig>): Promise<OwnParts> {
  expectOwnCodeNamed(config, named);
  const own: OwnParts = {};
  if (isModulePath(config.reward)) own.reward = await made(config.reward, "defineReward", defineReward);
  if (isModulePath(config.data)) own.tasks = await made(config.data, "defineTasks", defineTasks);
  const tools = new Map<string, Tool>();
  for (const path of modulesIn(config.tools)) tools.set(path, await made(path, "defineTool", defineTool));
  if (tools.size > 0) own.tools = tools;
  return own;
}

const modulesIn = (value: string): string[] =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter(isModulePath);

/** A module's default export, checked by the function that makes such a thing. */
async function made<Made>(path: string, by: string, define: (given: never) => Made): Promise<Made> {
  const given = await defaultOf(path, by);
  try {
    return define(given as never);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

/** The address of a file; names may hold what addresses keep for themselves, such as # and %. */
export function fileAddress(path: string): URL {
  const slashed = path.replaceAll("\\", "/");
  const whole = /^(?:\/|[A-Za-z]:\/)/.test(slashed) ? slashed : `${Deno.cwd().replaceAll("\\", "/")}/${slashed}`;
  const parts = whole.split("/").map((part) => (/^[A-Za-z]:$/.test(part) ? part : encodeURIComponent(part)));
  return new URL(`file:///${parts.join("/").replace(/^\/+/, "")}`);
}

async function defaultOf(path: string, by: string): Promise<unknown> {
  const address = fileAddress(path);
  const stats = await Deno.stat(address).catch(() => null);
  if (!stats?.isFile) throw new Error(`Expected a module ${path}, found no such file; check the path`);
  let module: { default?: unknown };
  try {
    module = await import(address.href);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const linked = /["']saccade["']/.test(message)
      ? "; beside the module, run npm install with the folder of this package, or export a plain object and import its types only"
      : "";
    throw new Error(`The module ${path} cannot be loaded: ${message.split("\n")[0]}${linked}`);
  }
  if (typeof module.default !== "object" || module.default === null)
    throw new Error(
      `Expected what ${by}() makes as the default export of ${path}, found ${module.default === undefined ? "none" : typeof module.default}; write export default ${by}({ ... })`,
    );
  return module.default;
}
