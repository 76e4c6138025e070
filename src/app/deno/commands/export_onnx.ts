import type { NamedBytes } from "../../../platform.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { withCard } from "../../model_card/card_of_run.ts";
import { licenceOf } from "../../model_card/licence.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { onnxCard } from "../../onnx_export/onnx_card.ts";
import { onnxModel, readDtypes } from "../../onnx_export/onnx_model.ts";
import { weightsOfRun } from "../../onnx_export/weights_of_run.ts";
import { atCommits } from "../../run/at_commits.ts";
import { shownBytes } from "../../text/shown_bytes.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, Stopped } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { writeNewFolderInPieces } from "../storage/run_folder.ts";
import { checkRunSources, wholeCheckpoint } from "./open_session.ts";

/** Writes a run's model, or that of the configuration, as ONNX graphs. Needs no GPU. Returns the exit code. */
export async function exportOnnx(
  changes: Partial<RunConfig>,
  { from, out, dtypes: wanted = "fp32,fp16,q8" }: Options,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const dtypes = readDtypes(wanted);
  const platform = await context.openPlatform(false);
  const checkpoint = from === undefined ? null : await wholeCheckpoint(from);
  const named = resolveConfig({ ...(checkpoint ? readTrainerState(checkpoint).config : {}), ...changes });
  if (from !== undefined) await checkRunSources(from, named, platform);
  const config = await atCommits(named, platform);
  const notice = (sentence: string) => terminal.print(visible(sentence));
  const { step, weights } = await weightsOfRun(platform, config, checkpoint, notice);
  const files = filesIn(platform, config.model);
  const card = (section: string) =>
    from === undefined ? cardOfModel(config.model, section, files) : cardOfRun(from, { step, config }, section, files);
  const written = await onnxModel(weights, files, { dtypes, card });
  const sizeBytes = written.reduce((sum, file) => sum + file.sizeBytes, 0);
  let doneBytes = 0;
  await writeNewFolderInPieces(out!, written, (bytes) => {
    if (context.stopping()) throw new Stopped();
    doneBytes += bytes;
    terminal.progress(`Writing ${shownBytes(doneBytes)} of ${shownBytes(sizeBytes)}`);
  });
  terminal.print(`The graphs are in ${out} (${shownBytes(sizeBytes)}), README.md says what runs them`);
  return exitCodes.done;
}

type Files = ReturnType<typeof filesIn>;

async function cardOfRun(
  folder: string,
  { step, config }: { step: number; config: RunConfig },
  onnx: string,
  files: Files,
): Promise<NamedBytes[]> {
  const path = folder.replace(/[/\\]+$/, "");
  const log = await Deno.readTextFile(`${path}/events.jsonl`).catch(() => "");
  const run = path.split(/[/\\]/).at(-1)!;
  return withCard({ run, step, config, log, files: [], readBase: fileOrNull(files), onnx });
}

async function cardOfModel(model: string, section: string, files: Files): Promise<NamedBytes[]> {
  const card = await fileOrNull(files)("README.md").catch(() => null);
  const licence = licenceOf(model, card && new TextDecoder().decode(card));
  const name = model.split(/[/\\]/).findLast((part) => part) ?? model;
  return [{ name: "README.md", bytes: new TextEncoder().encode(`${onnxCard(name, section, licence)}\n`) }];
}
