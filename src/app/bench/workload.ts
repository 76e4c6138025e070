import type { Gpu } from "../../gpu/gpu.ts";
import type { Platform } from "../../platform.ts";
import type { Stopwatch, Timing } from "../kernels/stopwatch.ts";

/** One measured line. Its id is that of the same workload in bench/torch_peers.py. */
export interface BenchLine extends Timing {
  /** e.g. "gemm.f32.2048.NT" */
  id: string;
  what: string;
  /** Floating point operations of one run, where they are what bounds it. */
  flops?: number;
  /** Bytes that one run must read and write, where they are what bounds it. */
  bytes?: number;
  /** The id of what torch is timed with, where it is another than this one. */
  peer?: string;
  /** Other figures, by name with unit. */
  more?: Readonly<Record<string, number>>;
}

/** What could not be measured, and why, in a sentence. */
export interface BenchGap {
  id: string;
  failed: string;
}

/** What a workload is measured with. */
export interface Bench {
  platform: Platform;
  /** A device for each workload: memory, and what one does to it, are not the next one's. */
  gpu: Gpu;
  watch: Stopwatch;
  /** Whether products are recorded with the kernels that are fastest here, as in a run. */
  isTuned: boolean;
  /** Small shapes: a software adapter would take hours. */
  isTiny: boolean;
  /** Whether the time that was given is over; measurements under way take fewer runs then. */
  isLate(): boolean;
  /** Kernel by kernel, what a step is made of: filled by workloads that have steps. */
  traces: string[];
}

export interface Workload {
  /** As the project's goals number it. */
  id: string;
  line: string;
  /** Why it is left out, where the adapter lacks what it needs. */
  lacks?(gpu: GPU): Promise<string | null>;
  run(bench: Bench): AsyncGenerator<BenchLine | BenchGap>;
}

/** Does one measurement; what it throws is a line of its own, and costs nothing else. */
export async function measured<T>(id: string, work: () => Promise<T>): Promise<T | BenchGap> {
  try {
    return await work();
  } catch (error) {
    return { id, failed: (error as Error).message };
  }
}
