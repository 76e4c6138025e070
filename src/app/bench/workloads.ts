import { causalAttention } from "./attention.ts";
import { dispatches } from "./dispatches.ts";
import { needleCycle } from "./needle_cycle.ts";
import { products } from "./products.ts";
import { groupRollout } from "./rollout.ts";
import { groupStep, sharedPrefix } from "./steps.ts";
import { thinProducts } from "./thin.ts";
import type { Workload } from "./workload.ts";

/** Everything that `bench` measures, in the order in which it does. */
export const workloads: readonly Workload[] = [
  products,
  thinProducts,
  causalAttention,
  dispatches,
  groupRollout,
  groupStep,
  needleCycle,
  sharedPrefix,
];

/** Goals that nothing can be measured for yet, and why. */
export const unmeasured: Readonly<Record<string, string>> = {
  P3: "P3 (f16 and bf16 products on matrix units) is not measured: there is no such kernel yet",
};

/** @throws Error that names a workload which is not there, and those that are */
export function chosenWorkloads(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  return names.map((name) => {
    const reason = unmeasured[name.toUpperCase()];
    if (reason !== undefined) throw new Error(reason);
    const found = workloads.find(({ id }) => id.toLowerCase() === name.toLowerCase());
    if (!found)
      throw new Error(`Expected a workload among ${workloads.map(({ id }) => id).join(", ")}, found "${name}"`);
    return found;
  });
}
