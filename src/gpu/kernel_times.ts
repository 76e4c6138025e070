import { type Dispatch, labelOf } from "./dispatch.ts";
import type { Gpu } from "./gpu.ts";

/** Time of one kernel in one run of a plan. */
export interface KernelTime {
  label: string;
  durationMs: number;
  /** What ran: its sizes and tensors say how much work it was. */
  dispatch: Dispatch;
  /** u32 (N, 4), the contents of the binding `query_spans`: attention's work depends on it. */
  spans?: Uint32Array;
}

interface Step {
  dispatch: Dispatch;
}

/** A query set holds at most 4096 timestamps, two for each dispatch. */
const mostSteps = 2048;

/**
 * Runs steps with a pass and two timestamps for each.
 *
 * @param encode  adds a step to a pass
 */
export async function timeKernels<T extends Step>(
  gpu: Gpu,
  label: string,
  steps: readonly T[],
  encode: (pass: GPUComputePassEncoder, step: T) => void,
): Promise<KernelTime[]> {
  const { device } = gpu;
  const parts: { steps: readonly T[]; querySet: GPUQuerySet; resolved: GPUBuffer }[] = [];
  // All parts are submitted before the first read: another plan that ran in between would overwrite shared activations.
  for (let first = 0; first < steps.length; first += mostSteps) {
    const part = steps.slice(first, first + mostSteps);
    const querySet = device.createQuerySet({ type: "timestamp", count: part.length * 2 });
    const resolved = device.createBuffer({
      size: part.length * 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const encoder = device.createCommandEncoder({ label: `${label} trace` });
    for (const [i, step] of part.entries()) {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 },
      });
      encode(pass, step);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, part.length * 2, resolved, 0);
    device.queue.submit([encoder.finish()]);
    parts.push({ steps: part, querySet, resolved });
  }
  const times: KernelTime[] = [];
  for (const { steps, querySet, resolved } of parts) {
    const stamps = await readTimestamps(gpu, resolved, steps.length * 2);
    for (const [i, { dispatch }] of steps.entries()) {
      const [begin = 0n, end = 0n] = stamps.subarray(i * 2);
      times.push({ label: labelOf(dispatch), durationMs: Number(end - begin) / 1e6, dispatch });
    }
    querySet.destroy();
    resolved.destroy();
  }
  await readSpans(gpu, times);
  return times;
}

/** Resolved timestamps, nanoseconds. */
export async function readTimestamps(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<BigUint64Array> {
  const tensor = { name: "timestamps", shape: [count * 2], dtype: "u32", buffer, offsetBytes: 0 } as const;
  const [words] = await gpu.readUint(tensor);
  return new BigUint64Array(words!.buffer);
}

/** Reads spans of attention while their plan still has its tensors. */
async function readSpans(gpu: Gpu, times: readonly KernelTime[]): Promise<void> {
  const tensors = [...new Set(times.flatMap(({ dispatch }) => dispatch.tensors.query_spans ?? []))];
  if (tensors.length === 0) return;
  const values = await gpu.readUint(...tensors);
  for (const time of times) {
    const tensor = time.dispatch.tensors.query_spans;
    if (tensor) time.spans = values[tensors.indexOf(tensor)];
  }
}
