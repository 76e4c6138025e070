import { adapterConfigFile } from "../../../model/lora_config.ts";
import type { NamedBytes } from "../../../platform.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes, Misused } from "../command_line/exit_codes.ts";
import { expectNewFolder, writeNewFolder } from "../storage/run_folder.ts";
import { withSession } from "./open_session.ts";

/** Writes a run's model, or that of the configuration, as a folder for transformers or PEFT. Returns the exit code. */
export async function exportCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  await expectNewFolder(options.out!);
  if (options.as === "onnx") return (await import("./export_onnx.ts")).exportOnnx(changes, options, context);
  if (options.dtypes !== undefined) throw new Error("--dtypes is of ONNX graphs; add --as onnx, or leave it out");
  return withSession(changes, options, context, async (session, step, config) => {
    const files = await session.exportFiles(options.adapterNames);
    if (options.adapterNames !== undefined && !files.some(({ name }) => name === adapterConfigFile))
      throw new Misused("--adapter-names is of an adapter, and all weights of this model were trained; leave it out");
    const { from } = options;
    // Without a run nothing was trained, and the model's own card holds.
    const written = from === undefined ? files : await withCardOf(from, { step, config, files }, context);
    await writeNewFolder(options.out!, written);
    context.terminal.print(`The model is in ${options.out}${from === undefined ? "" : ", README.md is its card"}`);
    return exitCodes.done;
  });
}

async function withCardOf(
  folder: string,
  exported: { step: number; config: RunConfig; files: NamedBytes[] },
  context: CommandContext,
): Promise<NamedBytes[]> {
  const { withCard } = await import("../../model_card/card_of_run.ts");
  const path = folder.replace(/[/\\]+$/, "");
  const log = await Deno.readTextFile(`${path}/events.jsonl`).catch(() => "");
  const readBase = fileOrNull(filesIn(await context.openPlatform(false), exported.config.model));
  return withCard({ ...exported, run: path.split(/[/\\]/).at(-1)!, log, readBase });
}
