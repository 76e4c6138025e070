/**
 * What happens when, on the host and on the GPU, for `--trace`. It imports nothing, so that every layer may mark its work. One
 * timeline records at a time in a thread; where none does, a mark costs a comparison.
 */

/** "host": work of this thread. "wait": the host wants something of the GPU and has not got it. "elapsed": from a call to its result, other work in between. */
export type SpanKind = "host" | "wait" | "elapsed" | "gpu" | "step";

export interface Span {
  kind: SpanKind;
  name: string;
  /** By performance.now(). */
  startMs: number;
  endMs: number;
}

/** Spans that are kept; what comes later is counted only. */
const mostSpans = 300_000;

export class Timeline {
  readonly spans: Span[] = [];
  /** Spans that came after there was room for no more. */
  leftOut = 0;

  add(kind: SpanKind, name: string, startMs: number, endMs: number): void {
    if (this.spans.length < mostSpans) this.spans.push({ kind, name, startMs, endMs });
    else this.leftOut++;
  }
}

let recording: Timeline | null = null;

/** Records from now on, or no more with null. */
export function record(timeline: Timeline | null): void {
  recording = timeline;
}

/** The one that records now. */
export const recorded = (): Timeline | null => recording;

/** Work of the host that awaits nothing. */
export function onHost<T>(name: string, work: () => T): T {
  if (!recording) return work();
  const startMs = performance.now();
  try {
    return work();
  } finally {
    recording?.add("host", name, startMs, performance.now());
  }
}

/** A wait of the host for the GPU. */
export const waiting = <T>(name: string, promise: Promise<T>): Promise<T> => timed("wait", name, promise);

/** Something that takes until its promise resolves; other work goes on. */
export const elapsing = <T>(name: string, promise: Promise<T>): Promise<T> => timed("elapsed", name, promise);

function timed<T>(kind: SpanKind, name: string, promise: Promise<T>): Promise<T> {
  const timeline = recording;
  if (!timeline) return promise;
  const startMs = performance.now();
  return promise.finally(() => timeline.add(kind, name, startMs, performance.now()));
}
