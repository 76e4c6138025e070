import { Plan } from "../../gpu/plan.ts";
import { copy, multiplyAdd, multiplyAddFlops } from "../../ops/roofline.ts";
import type { Bench } from "./workload.ts";

/** Upper bounds of the device, measured by kernels that only copy or only multiply and add. */
export interface Roofline {
  /** Bytes read plus bytes written. */
  copyBytesPerSecond: number;
  /** Of f32 multiply-adds in registers. */
  flopsPerSecond: number;
}

/** More than any cache holds. */
const copiedBytes = 512 * 2 ** 20;

export async function measureRoofline({ gpu, watch, isTiny }: Bench): Promise<Roofline> {
  const plan = new Plan(gpu, "copy");
  const bytes = isTiny ? 2 ** 22 : Math.min(copiedBytes, gpu.device.limits.maxStorageBufferBindingSize);
  const rows = Math.floor(bytes / 1024);
  const shape = [rows, 256];
  copy(plan, plan.empty("copy.from", shape), plan.empty("copy.to", shape));
  const copied = await watch.ofPlan(plan);
  plan.free();

  const spin = new Plan(gpu, "multiply-adds");
  const [groups, rounds] = isTiny ? [4, 16] : [4096, 512];
  multiplyAdd(spin, spin.empty("multiply_add.out", [groups * 256]), { rounds, factor: 0.5, addend: 1 });
  const added = await watch.ofPlan(spin);
  spin.free();
  return {
    copyBytesPerSecond: (2 * rows * 1024 * 1000) / copied.ms,
    flopsPerSecond: (multiplyAddFlops(groups, rounds) * 1000) / added.ms,
  };
}
