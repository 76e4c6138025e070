import { recorded, type Timeline } from "../timeline.ts";
import type { Gpu } from "./gpu.ts";

/** Passes of one query set: it holds at most 4096 timestamps, two for each. */
const passesPerSet = 2048;

/** Query sets at most: passes that come later have no times. */
const mostSets = 32;

interface Timed {
  name: string;
  /** When it was submitted, by performance.now(). */
  submittedMs: number;
}

/**
 * The times of whole passes on the device's own clock, two timestamps a pass, for the timeline. The two clocks are laid
 * side by side by a pass that began when it was submitted: the one that waited least.
 */
export class PassClock {
  readonly #gpu: Gpu;
  #sets: { querySet: GPUQuerySet; passes: Timed[] }[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** What a pass writes its times to; undefined where nothing is recorded. */
  next(name: string): GPUComputePassTimestampWrites | undefined {
    if (!recorded()) return undefined;
    let set = this.#sets.at(-1);
    if (!set || set.passes.length === passesPerSet) {
      if (this.#sets.length === mostSets) return undefined;
      const querySet = this.#gpu.device.createQuerySet({ type: "timestamp", count: 2 * passesPerSet });
      set = { querySet, passes: [] };
      this.#sets.push(set);
    }
    const at = 2 * set.passes.length;
    set.passes.push({ name, submittedMs: performance.now() });
    return { querySet: set.querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Reads the times of all passes since the last call into a timeline. */
  async collect(timeline: Timeline): Promise<void> {
    const passes: (Timed & { begin: bigint; end: bigint })[] = [];
    for (const { querySet, passes: timed } of this.#sets.splice(0)) {
      const stamps = await this.#resolved(querySet, 2 * timed.length);
      for (const [i, one] of timed.entries()) {
        const [begin = 0n, end = 0n] = stamps.subarray(2 * i);
        // A pass whose timestamps were never written.
        if (end > 0n) passes.push({ ...one, begin, end });
      }
      querySet.destroy();
    }
    const [first] = passes;
    if (!first) return;
    const inMs = (stamp: bigint): number => Number(stamp - first.begin) / 1e6;
    const offsetMs = passes.reduce((most, one) => Math.max(most, one.submittedMs - inMs(one.begin)), -Infinity);
    for (const { name, begin, end } of passes) timeline.add("gpu", name, offsetMs + inMs(begin), offsetMs + inMs(end));
  }

  async #resolved(querySet: GPUQuerySet, count: number): Promise<BigUint64Array> {
    const { device } = this.#gpu;
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: 8 * count, usage });
    const encoder = device.createCommandEncoder({ label: "pass times" });
    encoder.resolveQuerySet(querySet, 0, count, buffer, 0);
    device.queue.submit([encoder.finish()]);
    const tensor = { name: "timestamps", shape: [2 * count], dtype: "u32", buffer, offsetBytes: 0 } as const;
    const [words] = await this.#gpu.readUint(tensor);
    buffer.destroy();
    return new BigUint64Array(words!.buffer);
  }
}
