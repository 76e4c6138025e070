import type { Gpu } from "../../gpu/gpu.ts";
import { readTimestamps } from "../../gpu/kernel_times.ts";
import { Plan } from "../../gpu/plan.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { multiplyAdd } from "../../ops/roofline.ts";

/** Timestamps of the device, or the host's clock around a batch and a read. */
export type Clock = "timestamps" | "host clock";

export interface Timing {
  /** The median of all runs. */
  ms: number;
  msMin: number;
  msMax: number;
  runs: number;
  clock: Clock;
}

export interface WatchOptions {
  runs?: number;
  /** About how long a batch takes: far longer than the resolution of timestamps or the round trip of a read. */
  batchMs?: number;
  /** Work before the first run: an idle card lowers its clock, and takes about a second to raise it. */
  warmUpMs?: number;
  /** Work before the first timestamp, so that the device is busy while the host encodes what is measured. */
  leadMs?: number;
}

const mostRepeats = 200;
/** On a software adapter few runs suffice. */
const softwareRuns = 3;
const softwareBatchMs = 4;

/** Measures times on a device. */
export class Stopwatch {
  readonly #spin: Plan;
  readonly #out: Tensor;
  /** Runs of the spin plan in about a millisecond. */
  #spinsPerMs = 1;

  constructor(readonly gpu: Gpu) {
    this.#spin = new Plan(gpu, "spin");
    this.#out = this.#spin.empty("spin.out", [(gpu.software ? 1 : 1024) * 256]);
    multiplyAdd(this.#spin, this.#out, { rounds: gpu.software ? 1 : 256, factor: 0.5, addend: 1 });
  }

  /** Keeps the device busy, which raises its clock; not on a software adapter. */
  async warmUp(ms: number): Promise<void> {
    if (this.gpu.software || ms === 0) return;
    const startedMs = performance.now();
    let spins = 0;
    while (performance.now() < startedMs + ms) {
      for (let i = 0; i < 20; i++, spins++) this.#spin.run();
      await this.settle();
    }
    this.#spinsPerMs = spins / (performance.now() - startedMs);
  }

  /** Waits until all work is done. @throws GpuError that it caused */
  async settle(): Promise<void> {
    await this.gpu.read({ ...this.#out, shape: [1] });
  }

  /** Time of a run of a plan, all its dispatches in one pass. The first run, which compiles, is not counted. */
  async ofPlan(
    plan: Plan,
    { runs = 7, batchMs = 40, warmUpMs = 1000, leadMs = 10 }: WatchOptions = {},
  ): Promise<Timing> {
    const [count, lengthMs] = this.gpu.software ? [softwareRuns, softwareBatchMs] : [runs, batchMs];
    plan.run();
    await this.settle();
    const stamped = (repeats: number) => this.#stampedMs(plan, repeats, leadMs);
    const estimateMs = (this.gpu.canTime ? await stamped(1) : null) ?? (await this.#hostMs(plan, 1));
    const repeats = Math.max(1, Math.min(mostRepeats, Math.round(lengthMs / Math.max(estimateMs, 0.001))));
    await this.warmUp(warmUpMs);
    const times: number[] = [];
    let clock: Clock = this.gpu.canTime ? "timestamps" : "host clock";
    for (let run = 0; run < count; run++) {
      const ms = clock === "timestamps" ? await stamped(repeats) : null;
      if (ms === null && clock === "timestamps") {
        // Unusable timestamps: start again with the host's clock, so that all runs have the same.
        clock = "host clock";
        times.length = 0;
        run = 0;
      }
      times.push(ms ?? (await this.#hostMs(plan, repeats)));
    }
    return summary(times, clock);
  }

  /** Time of work that waits for its result, by the host's clock: the latency that a user sees. */
  async ofWork(work: () => Promise<unknown>, { warmUps = 1, runs = 5 } = {}): Promise<Timing> {
    for (let run = 0; run < warmUps; run++) await work();
    await this.settle();
    await this.warmUp(1000);
    const times: number[] = [];
    for (let run = 0; run < (this.gpu.software ? softwareRuns : runs); run++) {
      const startedMs = performance.now();
      await work();
      await this.settle();
      times.push(performance.now() - startedMs);
    }
    return summary(times, "host clock");
  }

  free(): void {
    this.#spin.free();
  }

  async #hostMs(plan: Plan, repeats: number): Promise<number> {
    const startedMs = performance.now();
    for (let i = 0; i < repeats; i++) plan.run();
    await this.settle();
    return (performance.now() - startedMs) / repeats;
  }

  /** Between the ends of two empty passes; null where the timestamps are implausible. */
  async #stampedMs(plan: Plan, repeats: number, leadMs: number): Promise<number | null> {
    const { device } = this.gpu;
    const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
    const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const stamp = (endOfPassWriteIndex: number) => {
      const encoder = device.createCommandEncoder({ label: "stamp" });
      // The end, since the begin of a pass may be reported while earlier work still runs.
      encoder.beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex } }).end();
      device.queue.submit([encoder.finish()]);
    };
    try {
      if (!this.gpu.software) this.#spinFor(leadMs);
      const startedMs = performance.now();
      stamp(0);
      for (let i = 0; i < repeats; i++) plan.run();
      stamp(1);
      const encoder = device.createCommandEncoder({ label: "stamps" });
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const [from = 0n, to = 0n] = await readTimestamps(this.gpu, resolved, 2);
      const waitedMs = performance.now() - startedMs;
      const ms = Number(to - from) / 1e6;
      return from > 0n && ms > 0 && ms <= waitedMs ? ms / repeats : null;
    } finally {
      querySet.destroy();
      resolved.destroy();
    }
  }

  #spinFor(ms: number): void {
    for (let i = 0; i < ms * this.#spinsPerMs; i++) this.#spin.run();
  }
}

/** Median, minimum and maximum. */
export function summary(times: readonly number[], clock: Clock): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  const [msMin = Number.NaN, msMax = Number.NaN] = [sorted[0], sorted.at(-1)];
  return { ms: (low + high) / 2, msMin, msMax, runs: sorted.length, clock };
}
