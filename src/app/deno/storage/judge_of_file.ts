import type { RunConfig } from "../../../train/knobs.ts";
import { keyVariable } from "../command_line/judge_key.ts";
import { exists } from "./durable_files.ts";

const markOf = (folder: string): string => `${folder}/judge_of_file.json`;

/**
 * Marks the folder of a run that came out of a file: whoever made that file chose its judge. Whatever its settings say:
 * its checkpoint has settings as well.
 */
export const markUnpacked = (folder: string): Promise<void> => Deno.writeTextFile(markOf(folder), "{}\n");

/**
 * A judge that only a file names gets no key unasked.
 * @param named  what the command line says of the run
 * @throws Error where a key would be sent to it
 */
export async function expectJudgeMeant(
  folder: string,
  { judge, judgeUrl }: RunConfig,
  named: Partial<RunConfig>,
  hasKey: boolean,
): Promise<void> {
  if (!hasKey || judge === "rules" || judgeUrl === "" || named.judgeUrl !== undefined) return;
  if (await exists(markOf(folder)))
    throw new Error(
      `${folder} came out of a file that names a judge at ${judgeUrl}, to which the key in ${keyVariable} would be sent; add --judge-url ${judgeUrl} where that is meant`,
    );
}
