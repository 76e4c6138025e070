import type { Gpu } from "../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { fillModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import type { NamedBytes } from "../../platform.ts";
import { refillAdapter } from "../../train/adapter.ts";
import { checkpointFiles, type NamedValues, readCheckpoint } from "../../train/checkpoint.ts";
import { exportFiles } from "../../train/export.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { Progress } from "../../train/run_parts.ts";
import { useMatrixUnits } from "../kernels/matrix_units.ts";
import { fileOrNull } from "../model_folder/model_files.ts";

/**
 * Takes weights and the optimizer's moments from the files of a checkpoint.
 * @returns where the run stood  @throws Error where they belong to another model
 */
export async function restoreWeights(gpu: Gpu, model: Model, files: readonly NamedBytes[]): Promise<Progress> {
  const { trained, adapter } = model;
  const shapes = new Map(trained.shapes.map((p) => [p.name, p.shape] as const));
  const checkpoint = await readCheckpoint(files, shapes, adapter?.config.json ?? null);
  for (const { name, values } of checkpoint.weights) trained.set(name, values);
  if (trained.trained)
    for (const part of ["m", "v"] as const)
      for (const { name, values } of checkpoint.optimizer[part]) trained.set(name, values, part);
  // They were let in, or kept out, as they stood in the model's folder.
  if (!adapter) await useMatrixUnits(gpu, model);
  return { step: checkpoint.step, updates: checkpoint.optimizer.step };
}

/** Back to the weights of the folders that a model was opened from, and a fresh optimizer. */
export async function refill(
  model: Model,
  config: RunConfig,
  { files, adapterFiles }: { files: CheckpointFiles; adapterFiles: CheckpointFiles | null },
): Promise<void> {
  if (model.adapter) return refillAdapter(model.adapter, config, adapterFiles);
  await fillModel(model, files);
  model.parameters.resetOptimizer();
}

/** Everything that a run needs to go on. */
export async function checkpointOf(
  model: Model,
  config: RunConfig,
  { step, updates }: Progress,
): Promise<NamedBytes[]> {
  return checkpointFiles({
    step,
    config,
    weights: await named(model, "weight"),
    optimizer: { step: updates, m: await named(model, "m"), v: await named(model, "v") },
    adapter: model.adapter?.config.json,
  });
}

/** The weights for other programs: of a model with the files of its folder around them, of an adapter PEFT's. */
export async function exportedWeights(model: Model, files: CheckpointFiles): Promise<NamedBytes[]> {
  if (model.adapter) return model.adapter.files();
  return exportFiles(await named(model, "weight"), fileOrNull(files));
}

async function named({ trained }: Model, part: "weight" | "m" | "v"): Promise<NamedValues[]> {
  const values = await trained.read(part);
  return trained.shapes.map(({ name, shape }) => ({ name, shape, values: values.get(name)! }));
}
