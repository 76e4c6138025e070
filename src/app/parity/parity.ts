import type { Gpu } from "../../gpu/gpu.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { loadModel } from "../../model/load.ts";
import { adapterChecks } from "./adapter_checks.ts";
import type { Check, Subject } from "./check.ts";
import { openGolden, storedImages } from "./golden_folder.ts";
import { grpoChecks } from "./grpo_checks.ts";
import { pictureChecks } from "./picture_checks.ts";
import { forwardChecks, gradientChecks, greedyChecks, parameterNames, passOfSequence } from "./sequence_checks.ts";
import { traceChecks } from "./trace_checks.ts";

/**
 * Runs a folder of reference values (a checkpoint, inputs, and what transformers, PEFT and verl made of them) on the
 * GPU and compares every quantity.
 *
 * @throws Error where the folder or its checkpoint cannot be read
 */
export async function* parity(gpu: Gpu, files: CheckpointFiles): AsyncGenerator<Check> {
  const folder = await openGolden(files);
  const model = await loadModel(gpu, files, { trained: true });
  const subject: Subject = { gpu, folder, model, images: storedImages(folder, model.config.vision.spatialMergeSize) };
  const sections: [name: string, () => AsyncGenerator<Check>][] = [
    ["pictures", () => pictureChecks(subject)],
    [
      "forward",
      async function* () {
        const pass = await passOfSequence(subject);
        yield* traceChecks(subject, pass);
        yield* forwardChecks(subject, pass);
      },
    ],
    ["gradients", () => gradientChecks(subject, "", parameterNames(subject))],
    ["greedy", () => greedyChecks(subject)],
    ["adapter", () => adapterChecks(subject)],
    ["grpo", () => grpoChecks(subject)],
  ];
  try {
    for (const [name, checks] of sections) {
      try {
        yield* checks();
      } catch (error) {
        // The others may still pass or fail.
        yield {
          quantity: name,
          passed: false,
          error: Number.NaN,
          tolerance: { measure: "exact", limit: 0 },
          note: (error as Error).message,
        };
      }
    }
  } finally {
    model.parameters.free();
  }
}
