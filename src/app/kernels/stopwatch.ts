import type { Gpu } from "../../gpu/gpu.ts";
import { readTimestamps } from "../../gpu/kernel_times.ts";
import { Plan } from "../../gpu/plan.ts";
import type { Tensor } from "../../gpu/tensor.ts";
import { multiplyAdd } from "../../ops/roofline.ts";

/** What a time was taken with: the device's own timestamps, or the host's clock round a batch and a read. */
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
  /** A run of a batch lasts about so long: far more than a timestamp's resolution or a read's round trip. */
  batchMs?: number;
  /** Work before the first run: an idle card lowers its clock, and needs about a second to raise it again. */
  warmUpMs?: number;
  /** Work that stands before the first timestamp, while the host still encodes what is measured. */
  leadMs?: number;
}

const mostRepeats = 200;
/** On a software adapter nothing is learned from many runs. */
const softwareRuns = 3;
const softwareBatchMs = 4;

/** Takes times on one device. */
export class Stopwatch {
  readonly #spin: Plan;
  readonly #out: Tensor;
  /** Replays of the spin that take about a millisecond. */
  #spinsPerMs = 1;

  constructor(readonly gpu: Gpu) {
    this.#spin = new Plan(gpu, "spin");
    this.#out = this.#spin.empty("spin.out", [(gpu.software ? 1 : 1024) * 256]);
    multiplyAdd(this.#spin, this.#out, { rounds: gpu.software ? 1 : 256, factor: 0.5, addend: 1 });
  }

  /** Keeps the device busy, which raises its clock; a software adapter has none. */
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

  /** Waits until all work is done, and throws what went wrong in it. */
  async settle(): Promise<void> {
    await this.gpu.read({ ...this.#out, shape: [1] });
  }

  /** Time of a plan's replay, all its dispatches in one pass. The first replay, which compiles, is not counted. */
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
        // Stamps that do not ascend are none: all runs are to have one clock.
        clock = "host clock";
        times.length = 0;
        run = 0;
      }
      times.push(ms ?? (await this.#hostMs(plan, repeats)));
    }
    return summary(times, clock);
  }

  /** Time of what waits for its own result, by the host's clock: what a person waits. */
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

  /** Between the ends of two passes that have nothing in them; null where the stamps cannot be right. */
  async #stampedMs(plan: Plan, repeats: number, leadMs: number): Promise<number | null> {
    const { device } = this.gpu;
    const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
    const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const stamp = (endOfPassWriteIndex: number) => {
      const encoder = device.createCommandEncoder({ label: "stamp" });
      // The end, since a pass may be said to begin while the work before it still runs.
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

/** The median of several times, and how far they lie apart. */
export function summary(times: readonly number[], clock: Clock): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const ms = sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { ms, msMin: sorted[0]!, msMax: sorted.at(-1)!, runs: sorted.length, clock };
}
