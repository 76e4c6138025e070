import { type CountedLimits, countingGpu } from "../../gpu/counting_device.ts";
import { parameterCount } from "../../model/config.ts";
import { modelShapes } from "../../model/families/table.ts";
import { adaptedModules, type LoraConfig } from "../../model/lora_config.ts";
import type { ParameterShape } from "../../model/parameters.ts";
import type { Preprocessor } from "../../model/preprocessor.ts";
import type { RunConfig } from "../../train/knobs.ts";
import {
  assumedStep,
  averages,
  type KnownTasks,
  type Response,
  sourcePictures,
  type Workload,
} from "./assumed_step.ts";
import { adapterIn, type InputSize, type ModelSizes, simulateStep } from "./simulated_step.ts";
import { type Flops, flopsOf } from "./step_flops.ts";

export interface MemoryLine {
  what: string;
  usualBytes: number;
  /** Null where a step of the longest rollouts could not be counted. */
  mostBytes: number | null;
}

export interface Estimate {
  parameters: number;
  trainedParameters: number;
  usual: Workload;
  most: Workload;
  /** Whether prompts are those of the run's own tasks. */
  isKnown: boolean;
  /** In the GPU's memory, at the peak. */
  memory: MemoryLine[];
  /** What rollouts usually take, and what they take if all are as long as the knobs allow. */
  usualBytes: number;
  /** Null where a buffer is then larger than the device allows; `mostProblem` says which. */
  mostBytes: number | null;
  mostProblem: string;
  /** Decoded pictures of a step, in main memory. */
  pictureBytes: number;
  /** Of a usual step. */
  flops: Flops;
}

interface EstimateOptions {
  known?: KnownTasks | null;
  /** What rollouts usually write; what is known of the kind of tasks unless given. */
  response?: Response;
  limits?: CountedLimits;
  software?: boolean;
}

/**
 * What a run takes on a GPU: one step of it is made on a device that only counts. Nothing is loaded.
 * @throws Error where an adapter fits no layer, or a buffer of a usual step is larger than the limits allow
 */
export async function estimate(
  config: RunConfig,
  sizes: ModelSizes,
  preprocessor: Pick<Preprocessor, "minPixels" | "maxPixels">,
  { known = null, response, limits, software }: EstimateOptions = {},
): Promise<Estimate> {
  const model = sizes.config;
  const shapes = modelShapes(model);
  const parameters = parameterCount(shapes);
  const lora = adapterIn(config, sizes);
  const adapter = lora ? parameterCount(adapterShapes(lora, shapes)) : 0;
  const steps = [false, true].map((isMost) =>
    assumedStep(config, model, preprocessor, { known, response: isMost ? null : response }),
  );
  const [usual, most] = steps.map((step) => averages(step, model)) as [Workload, Workload];
  const peaks: ReadonlyMap<string, number>[] = [];
  const bytes: number[] = [];
  let mostProblem = "";
  for (const step of steps) {
    const gpu = countingGpu(limits, { software, matrixUnits: config.matrixUnits === "on" });
    try {
      await simulateStep(gpu, config, sizes, step);
    } catch (error) {
      // A run whose longest rollouts do not fit is one that mostly does.
      if (step === steps[0]) throw error;
      mostProblem = (error as Error).message;
      break;
    }
    peaks.push(gpu.pool.peak.uses);
    bytes.push(gpu.pool.peak.bytes);
  }
  const names = [...new Set(peaks.flatMap((uses) => [...uses.keys()]))];
  const usualUses = peaks[0]!;
  // Where responses are short, a picture that fills them may take less than usual crops do.
  const larger = bytes.length > 1 && bytes[1]! < bytes[0]! ? 0 : 1;
  const mostUses = peaks[larger];
  return {
    parameters,
    trainedParameters: adapter || parameters,
    usual,
    most,
    isKnown: known !== null,
    memory: names
      .map((what) => ({
        what,
        usualBytes: usualUses.get(what) ?? 0,
        mostBytes: mostUses ? (mostUses.get(what) ?? 0) : null,
      }))
      .filter(({ usualBytes, mostBytes }) => usualBytes + (mostBytes ?? 0) > 0)
      .sort((a, b) => b.usualBytes - a.usualBytes),
    usualBytes: bytes[0]!,
    mostBytes: bytes[larger] ?? null,
    mostProblem,
    pictureBytes: config.tasksPerStep * 4 * meanPixels(sourcePictures(config)),
    flops: flopsOf(config, model, shapes, usual),
  };
}

/**
 * Makes a usual step of a run within a device's limits, and counts nothing.
 * @throws Error with one sentence where a buffer of it is larger than they allow
 */
export async function expectFits(
  config: RunConfig,
  sizes: ModelSizes,
  preprocessor: Pick<Preprocessor, "minPixels" | "maxPixels">,
  { limits, software }: Pick<EstimateOptions, "limits" | "software">,
): Promise<void> {
  // What is small fits anywhere, and begins at once.
  if (parameterCount(modelShapes(sizes.config)) < 2 ** 26) return;
  await simulateStep(
    countingGpu(limits, { software, matrixUnits: config.matrixUnits === "on" }),
    config,
    sizes,
    assumedStep(config, sizes.config, preprocessor),
  );
}

const meanPixels = (pictures: readonly InputSize[]): number =>
  pictures.reduce((sum, { width, height }) => sum + width * height, 0) / pictures.length;

function adapterShapes(lora: LoraConfig, shapes: readonly ParameterShape[]): ParameterShape[] {
  return adaptedModules(lora, shapes).flatMap(({ module, O, I, rank }) => [
    { name: `${module}.lora_A.weight`, shape: [rank, I] },
    { name: `${module}.lora_B.weight`, shape: [O, rank] },
  ]);
}
