import type { RunConfig } from "./knobs.ts";

/** A loss that was published, as changes to a run's knobs. */
export interface LossRecipe {
  label: string;
  /** What is special about it, and where it is from. */
  line: string;
  changes: Partial<RunConfig>;
}

/** Neither the second clip that verl adds where A < 0, nor its aggregation by micro-batches. */
const plain: Partial<RunConfig> = { clipRatioC: 0, ratioLevel: "token", microBatchRollouts: 0 };
const symmetric = { clipRatioLow: 0.2, clipRatioHigh: 0.2 };

export const lossNames = ["grpo", "dr-grpo", "dapo", "gspo"] as const;
export type LossName = (typeof lossNames)[number];
export const isLossName = (name: string): name is LossName => (lossNames as readonly string[]).includes(name);

export const lossRecipes: Record<LossName, LossRecipe> = {
  grpo: {
    label: "GRPO",
    line: "advantages divided by the deviation, the mean of each rollout's mean, k3 to the start in the loss (arXiv 2402.03300)",
    changes: {
      ...symmetric,
      ...plain,
      normAdvByStd: true,
      lossAggMode: "seq-mean-token-mean",
      klLossCoef: 0.04,
      klLossType: "low_var_kl",
    },
  },
  "dr-grpo": {
    label: "Dr. GRPO",
    line: "advantages not divided, sums over tokens divided by a constant, so that neither difficulty nor length weighs (arXiv 2503.20783)",
    changes: {
      ...symmetric,
      ...plain,
      normAdvByStd: false,
      lossAggMode: "seq-mean-token-sum-norm",
      klLossCoef: 0,
    },
  },
  dapo: {
    label: "DAPO",
    line: "clips higher than it clips low, means over all tokens of the batch, groups of equal rewards left out, no KL (arXiv 2503.14476)",
    changes: {
      ...plain,
      clipRatioLow: 0.2,
      clipRatioHigh: 0.28,
      normAdvByStd: true,
      lossAggMode: "token-mean",
      zeroVariance: "drop",
      klLossCoef: 0,
    },
  },
  gspo: {
    label: "GSPO",
    line: "one ratio for a whole rollout, the geometric mean of its tokens', and clipped as a whole (arXiv 2507.18071)",
    changes: {
      ...plain,
      clipRatioLow: 3e-4,
      clipRatioHigh: 4e-4,
      normAdvByStd: true,
      lossAggMode: "seq-mean-token-mean",
      klLossCoef: 0,
      ratioLevel: "sequence",
    },
  },
};
