import type { Gpu } from "../gpu/gpu.ts";
import { activationBytes, canBind } from "../model/activation_size.ts";
import type { ModelConfig } from "../model/config.ts";
import { type PackedGroup, sizes } from "./pack.ts";

/**
 * Groups in order, in micro-batches: each as many as fit the memory set for the activations of one pass, and as the
 * device can bind.
 */
export function microBatches(
  groups: readonly PackedGroup[],
  config: ModelConfig,
  gpu: Gpu,
  mostBytes: number,
): PackedGroup[][] {
  const all: PackedGroup[][] = [];
  let [bytes, rows, patches] = [0, 0, 0];
  for (const group of groups) {
    const own = sizes(group);
    const more = activationBytes(config, own.rows, own.patches);
    const isBound = canBind(config, rows + own.rows, patches + own.patches, gpu);
    const last = all.at(-1);
    if (!last || bytes + more > mostBytes || !isBound) {
      all.push([group]);
      [bytes, rows, patches] = [0, 0, 0];
    } else last.push(group);
    bytes += more;
    rows += own.rows;
    patches += own.patches;
  }
  return all;
}
