import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { isModulePath } from "../../../train/own_code.ts";
import { longestConfigBytes, readConfigFile } from "../../run/config_file.ts";

/** Whose value in a file runs code, and the flags that name it. */
const codeFlags = { reward: "--reward", data: "--tasks", tools: "--tool" } as const;

/**
 * Settings of a file as if they had been given as flags; flags beside it come before them.
 * @param takes knobs that the command reads; others change nothing
 * @param given what the command line says itself
 * @param hasKey whether a judge's key would be sent to the file's address
 * @throws Error with one sentence
 */
export function configFromFile(
  path: string,
  takes: readonly (keyof RunConfig)[],
  given: Partial<RunConfig>,
  hasKey: boolean,
): Partial<RunConfig> {
  if (given.preset !== undefined)
    throw new Error(`--config ${path} says all settings, the preset among them; leave out --preset, or --config`);
  const changes = readConfigFile(textOf(path), path);
  for (const [knob, flag] of Object.entries(codeFlags) as [keyof typeof codeFlags, string][]) {
    const code = (changes[knob] ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter(isModulePath);
    const own = (given[knob] ?? "").split(",");
    const unnamed = code.find((module) => !own.includes(module));
    if (unnamed !== undefined && given[knob] === undefined)
      throw new Error(
        `${path} names the code ${unnamed}, which is run only where you name it: look at it, and add ${flag} ${unnamed}`,
      );
  }
  const { judgeUrl = "" } = changes;
  if (judgeUrl !== "" && hasKey && given.judgeUrl === undefined && takes.includes("judgeUrl"))
    throw new Error(
      `${path} names a judge at ${judgeUrl}, to which the key in SACCADE_JUDGE_KEY would be sent; add --judge-url ${judgeUrl} where that is meant`,
    );
  const read = (Object.keys(knobs) as (keyof RunConfig)[]).filter((key) => takes.includes(key));
  return Object.fromEntries(read.flatMap((key) => (changes[key] === undefined ? [] : [[key, changes[key]]])));
}

function textOf(path: string): string {
  let bytes: Uint8Array;
  try {
    const { size, isDirectory } = Deno.statSync(path);
    if (isDirectory)
      throw new Error(`a folder; the file in a run's folder is ${path.replace(/[/\\]+$/, "")}/config.json`);
    if (size > longestConfigBytes) throw new Error(`${size} bytes, more than settings take`);
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw new Error(`Expected a file of settings at ${path}, found ${reason(error)}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`Expected a file of settings in UTF-8 at ${path}, found other bytes`);
  }
}

const reason = (error: unknown): string =>
  error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
