import type { Gpu } from "../../gpu/gpu.ts";
import type { Model } from "../../model/model.ts";
import type { InputImage } from "../../model/vision_rows.ts";
import type { UpdateSettings } from "../../train/learner.ts";
import type { GoldenFolder } from "./golden_folder.ts";
import { largestDifference, normDifference, relativeDifference, type Tolerance, toleranceOf } from "./tolerance.ts";

/** One quantity of a folder beside its reference. */
export interface Check {
  quantity: string;
  passed: boolean;
  /** The worst error, in the tolerance's measure. */
  error: number;
  tolerance: Tolerance;
  /** Where the worst error is, or what else helps to find it. */
  note: string;
}

/** What all checks of a folder work on. */
export interface Subject {
  gpu: Gpu;
  folder: GoldenFolder;
  model: Model;
  /** As `image_grid_thw` lists them. */
  images: readonly InputImage[];
}

/** @param quantity as `case.json` names its tolerance @param label as it is printed, the quantity unless given */
export function check(
  { folder }: Subject,
  quantity: string,
  error: number,
  { label = quantity, note = "" } = {},
): Check {
  const tolerance = toleranceOf(quantity, folder.golden.tolerances ?? {});
  return { quantity: label, passed: error <= tolerance.limit, error, tolerance, note };
}

/** Compares numbers by the measure of the quantity's tolerance. */
export function compare(
  subject: Subject,
  quantity: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { label = quantity, floor = 0 } = {},
): Check {
  const { measure } = toleranceOf(quantity, subject.folder.golden.tolerances ?? {});
  const error =
    measure === "rel"
      ? relativeDifference(got, want)
      : measure === "norm"
        ? normDifference(got, want, floor)
        : largestDifference(got, want);
  return check(subject, quantity, error, { label });
}

/** The worst of several comparisons as one line that says which it was. */
export function worst(checks: readonly (readonly [name: string, check: Check])[]): Check {
  let [name, found] = checks[0]!;
  for (const [other, one] of checks)
    if (Number.isNaN(one.error) || one.error > found.error) [name, found] = [other, one];
  const which = checks.length > 1 ? `worst of ${checks.length}: ${name}` : "";
  return {
    ...found,
    passed: checks.every(([, c]) => c.passed),
    note: [which, found.note].filter(Boolean).join(", "),
  };
}

/** AdamW after clipping as the reference has it; rates and clips are set by the caller. */
export const referenceSettings: UpdateSettings = {
  learningRate: 0,
  beta1: 0,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0,
  decayVectors: true,
  maxGradNorm: 0,
  clipRatioLow: 0.2,
  clipRatioHigh: 0.2,
  clipRatioC: 3,
  klLossCoef: 0,
  klLossType: "low_var_kl",
  entropyCoef: 0,
  temperature: 1,
  suppressed: [],
};
