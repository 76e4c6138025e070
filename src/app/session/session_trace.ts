import type { MemoryPeak } from "../../gpu/buffer_pool.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { KernelTime } from "../../gpu/kernel_times.ts";
import { record, Timeline } from "../../timeline.ts";
import { kernelTable } from "../kernels/kernel_table.ts";
import { peakTable } from "../memory/peak_table.ts";
import { type ChromeEvent, chromeTrace } from "../trace/chrome_trace.ts";
import { type StepTimes, stepTimes, timelineTable } from "../trace/timeline_table.ts";

/** Where the time of steps went, on host and GPU. */
export interface TracedSteps {
  /** For people; null where too few steps were made. */
  table: string | null;
  times: StepTimes | null;
  /** For chrome://tracing and Perfetto. */
  chrome: { traceEvents: ChromeEvent[] };
}

/** What is measured of a session's work. */
export class SessionTrace {
  readonly #gpu: Gpu;
  readonly #timeline: Timeline | null;
  /** Kernel times of updates by kind of plan; absent where they are not measured. */
  readonly kernels: Map<string, KernelTime[]> | undefined;

  constructor(gpu: Gpu, { kernels, timeline }: { kernels: boolean; timeline: boolean }) {
    this.#gpu = gpu;
    this.kernels = kernels ? new Map() : undefined;
    this.#timeline = timeline ? new Timeline() : null;
    if (this.#timeline) record(this.#timeline);
  }

  /** Time per kernel as a table; null where it is not measured. @param others  kernel times that are kept elsewhere */
  kernelTables(others: Iterable<[string, KernelTime[]]>, peak: MemoryPeak): string | null {
    if (!this.kernels) return null;
    return [...[...others, ...this.kernels].map(([kind, times]) => kernelTable(kind, times)), peakTable(peak)].join(
      "\n\n",
    );
  }

  /** The timeline so far; null where none is recorded. */
  async steps(): Promise<TracedSteps | null> {
    const timeline = this.#timeline;
    if (!timeline) return null;
    await this.#gpu.passClock.collect(timeline);
    return { table: timelineTable(timeline), times: stepTimes(timeline), chrome: chromeTrace(timeline) };
  }

  close(): void {
    if (this.#timeline) record(null);
  }
}
