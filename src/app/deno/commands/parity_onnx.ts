import { Gpu } from "../../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../../model/checkpoint_files.ts";
import { readConfig } from "../../../model/families/read_files.ts";
import { readJson } from "../../../model/json_file.ts";
import { loadModel } from "../../../model/load.ts";
import { preprocessorOf } from "../../../model/preprocessor.ts";
import type { NamedBytes, Platform } from "../../../platform.ts";
import { openAdapter } from "../../../train/adapter.ts";
import { hasAdapter } from "../../../train/adapter_settings.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { filesIn } from "../../model_folder/model_files.ts";
import { openGolden } from "../../parity/golden_folder.ts";
import { onnxChecks } from "../../parity/onnx_checks.ts";
import { goldenReference, type OnnxReference, ownReference } from "../../parity/onnx_reference.ts";
import { restoreFrozen } from "../../session/session_weights.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { openOnnxRuntime } from "../gpu/onnx_runtime.ts";
import { wholeCheckpoint } from "./open_session.ts";
import { checkLine } from "./parity_command.ts";

/** Compares ONNX graphs, run on the processor, with folders of reference values, or with our own numbers. Returns the exit code. */
export async function parityOnnx(
  changes: Partial<RunConfig>,
  { onnx = "", folders = [], from }: Options,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const isOwn = folders.length === 0;
  const platform = await context.openPlatform(isOwn);
  const graphs = filesIn(platform, onDisk(onnx));
  const runtime = await openOnnxRuntime(null);
  terminal.print(`${visible(onnx)}, by ${runtime.label}`);
  const sum = { passed: 0, failed: 0 };
  const references: [name: string, () => Promise<OnnxReference>][] = isOwn
    ? [["our own numbers", () => referenceOf(platform, changes, from)]]
    : folders.map((folder) => [folder, () => referenceIn(filesIn(platform, onDisk(folder)), changes.adapter)]);
  for (const [name, reference] of references) {
    terminal.print(`compared with ${visible(name)}`);
    try {
      for await (const found of onnxChecks(runtime, graphs, await reference())) {
        if ("said" in found) terminal.print(`        ${visible(found.said)}`);
        else {
          sum[found.passed ? "passed" : "failed"]++;
          terminal.print(checkLine(found));
        }
        if (context.stopping()) return exitCodes.interrupted;
      }
    } catch (error) {
      sum.failed++;
      terminal.print(`  FAIL  ${visible((error as Error).message)}`);
    }
  }
  terminal.print(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed > 0 || sum.passed === 0 ? exitCodes.failed : exitCodes.done;
}

/** On disk, even where a shipped variant has the same name. */
export const onDisk = (folder: string): string => (/^([./\\]|[a-zA-Z]:)/.test(folder) ? folder : `./${folder}`);

async function referenceIn(files: CheckpointFiles, adapter: string | undefined): Promise<OnnxReference> {
  const golden = await openGolden(files);
  const preprocessor = await preprocessorOf(files);
  const { vision } = readConfig(await readJson(files, "config.json"), preprocessor.json, preprocessor.where);
  return goldenReference(golden, vision.spatialMergeSize, adapter ? "lora." : "");
}

async function referenceOf(
  platform: Platform,
  changes: Partial<RunConfig>,
  from: string | undefined,
): Promise<OnnxReference> {
  const checkpoint = from === undefined ? null : await wholeCheckpoint(from);
  const config = resolveConfig({ ...(checkpoint ? readTrainerState(checkpoint).config : {}), ...changes });
  if (!platform.gpu) throw new Error(platform.gpuMissing);
  const gpu = await Gpu.open(platform.gpu);
  try {
    return await onGpu(gpu, platform, { config, checkpoint });
  } finally {
    gpu.close();
  }
}

async function onGpu(
  gpu: Gpu,
  platform: Platform,
  { config, checkpoint }: { config: RunConfig; checkpoint: readonly NamedBytes[] | null },
): Promise<OnnxReference> {
  // Weights that were trained are f32, whatever the file has that they began as.
  const isTrained = checkpoint !== null && !hasAdapter(config);
  const baseDtype = isTrained && config.baseDtype === "auto" ? "f32" : config.baseDtype;
  const model = await loadModel(gpu, filesIn(platform, config.model), { trained: false, baseDtype });
  model.adapter = await openAdapter(
    gpu,
    model,
    config,
    config.adapter === "" ? null : filesIn(platform, config.adapter),
  );
  if (checkpoint) await restoreFrozen(gpu, model, checkpoint);
  return ownReference(gpu, model);
}
