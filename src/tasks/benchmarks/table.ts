import type { BenchmarkDefinition } from "./benchmark.ts";
import { hrBench } from "./hrbench.ts";
import { vstar } from "./vstar.ts";

/** The benchmarks of files, by the names that the command line has for them. */
export const benchmarks: readonly BenchmarkDefinition[] = [vstar, hrBench];

export const findBenchmark = (name: string): BenchmarkDefinition | null =>
  benchmarks.find((benchmark) => benchmark.name === name) ?? null;
