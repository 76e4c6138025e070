import type { Gpu } from "../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { fillModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import type { AdapterNames } from "../../model/names.ts";
import type { ParameterShape } from "../../model/parameters.ts";
import type { NamedBytes } from "../../platform.ts";
import { refillAdapter } from "../../train/adapter.ts";
import { checkpointFiles, type NamedValues, readCheckpoint, readWeightsOf } from "../../train/checkpoint.ts";
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
  const { trained } = model;
  if (!trained.trained) return { step: await restoreFrozen(gpu, model, files), updates: 0 };
  const checkpoint = await readCheckpoint(
    files,
    shapesOf(trained.shapes),
    model.adapter?.config.json ?? null,
    shapesOf(trained.trainedShapes),
  );
  for (const { name, values } of checkpoint.weights) trained.set(name, values);
  for (const part of ["m", "v"] as const)
    for (const { name, values } of checkpoint.optimizer[part]) trained.set(name, values, part);
  await admit(gpu, model);
  return { step: checkpoint.step, updates: checkpoint.optimizer.step };
}

/** Takes weights only, to be used and not trained. @returns the step  @throws Error where they belong to another model */
export async function restoreFrozen(gpu: Gpu, model: Model, files: readonly NamedBytes[]): Promise<number> {
  const { step, weights } = await readWeightsOf(
    files,
    shapesOf(model.trained.shapes),
    model.adapter?.config.json ?? null,
  );
  for (const { name, values } of weights) model.trained.set(name, values);
  await admit(gpu, model);
  return step;
}

const shapesOf = (shapes: readonly ParameterShape[]) => new Map(shapes.map((p) => [p.name, p.shape] as const));

/** Weights were let in on matrix units, or kept out, as they stood in the model's folder. */
async function admit(gpu: Gpu, model: Model): Promise<void> {
  if (!model.adapter) await useMatrixUnits(gpu, model);
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
  // All are submitted before the first is waited for.
  const [weights, m, v] = await Promise.all([named(model, "weight"), named(model, "m"), named(model, "v")]);
  return checkpointFiles({
    step,
    config,
    weights,
    optimizer: { step: updates, m, v },
    adapter: model.adapter?.config.json,
  });
}

/** The weights for other programs: of a model with the files of its folder around them, of an adapter PEFT's. */
export async function exportedWeights(
  model: Model,
  files: CheckpointFiles,
  adapterNames: AdapterNames = "current",
): Promise<NamedBytes[]> {
  if (model.adapter) return model.adapter.files(adapterNames);
  return exportFiles(await named(model, "weight"), fileOrNull(files));
}

async function named({ trained }: Model, part: "weight" | "m" | "v"): Promise<NamedValues[]> {
  const values = await trained.read(part);
  const shapes = part === "weight" ? trained.shapes : trained.trainedShapes;
  return shapes.map(({ name, shape }) => ({ name, shape, values: values.get(name)! }));
}
