import { causalAttention } from "./attention.ts";
import { dispatches } from "./dispatches.ts";
import { matrixProducts } from "./matrix_products.ts";
import { needleCycle } from "./needle_cycle.ts";
import { products } from "./products.ts";
import { groupRollout } from "./rollout.ts";
import { groupStep, sharedPrefix } from "./steps.ts";
import { thinProducts } from "./thin.ts";
import { tuning } from "./tuning.ts";
import { wholeSteps } from "./whole_step.ts";
import type { Workload } from "./workload.ts";

/** All workloads of `bench`, in order. */
export const workloads: readonly Workload[] = [
  products,
  matrixProducts,
  thinProducts,
  causalAttention,
  dispatches,
  tuning,
  groupRollout("bf16"),
  groupRollout("bf16", "bf16"),
  groupRollout("int4"),
  groupStep,
  needleCycle,
  sharedPrefix,
  ...wholeSteps,
];

/** All unless names are given. @throws Error for an unknown name, with the known ones */
export function chosenWorkloads(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  return names.flatMap((name) => {
    const found = workloads.filter(({ id }) => id.toLowerCase() === name.toLowerCase());
    if (found.length === 0) {
      const known = [...new Set(workloads.map(({ id }) => id))];
      throw new Error(`Expected a workload among ${known.join(", ")}, found "${name}"`);
    }
    return found;
  });
}
