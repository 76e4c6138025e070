import type { Gpu } from "../../gpu/gpu.ts";
import type { Platform } from "../../platform.ts";
import type { Stopwatch, Timing } from "../kernels/stopwatch.ts";

/** A measured line. Its id is that of the same workload in bench/torch_peers.py. */
export interface BenchLine extends Timing {
  /** e.g. "gemm.f32.2048.NT" */
  id: string;
  what: string;
  /** Floating point operations of one run, where it is bound by them. */
  flops?: number;
  /** Bytes that one run must read and write, where it is bound by them. */
  bytes?: number;
  /** The id of the line of torch to compare with, where it differs. */
  peer?: string;
  /** Other figures, by name with unit. */
  more?: Readonly<Record<string, number>>;
}

/** A line that could not be measured, with the reason in a sentence. */
export interface BenchGap {
  id: string;
  failed: string;
}

/** Context of a workload. */
export interface Bench {
  platform: Platform;
  /** Each workload has a device of its own, so that memory of one does not count for another. */
  gpu: Gpu;
  watch: Stopwatch;
  /** Whether products use the kernels that tuning chose, as in a run. */
  isTuned: boolean;
  /** Whether shapes are small: on a software adapter, which would take hours. */
  isTiny: boolean;
  /** Whether the time budget is spent; measurements in progress then take fewer runs. */
  isLate(): boolean;
  /** Tables of the kernels of a step; added to by workloads that have steps. */
  traces: string[];
}

export interface Workload {
  /** The goal's number in docs/bench.md. */
  id: string;
  line: string;
  /** Why it is left out, where the adapter lacks what it needs. */
  lacks?(gpu: GPU): Promise<string | null>;
  run(bench: Bench): AsyncGenerator<BenchLine | BenchGap>;
}

/** Does one measurement; an error becomes a line of its own. */
export async function measured<T>(id: string, work: () => Promise<T>): Promise<T | BenchGap> {
  try {
    return await work();
  } catch (error) {
    return { id, failed: (error as Error).message };
  }
}
