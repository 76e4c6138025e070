import type { Span, SpanKind, Timeline } from "../../timeline.ts";

/** Rows of the picture, from above. */
const rows: Record<SpanKind, { id: number; name: string }> = {
  step: { id: 1, name: "steps" },
  host: { id: 2, name: "host: work" },
  wait: { id: 3, name: "host: waits for the GPU" },
  elapsed: { id: 4, name: "host: under way" },
  gpu: { id: 5, name: "GPU" },
};

/** Spans of these kinds may overlap without one holding the other, which a row of nested spans cannot show. */
const overlapping: readonly SpanKind[] = ["wait", "elapsed"];

/** An event of the Trace Event Format; times in microseconds. */
export interface ChromeEvent {
  name: string;
  ph: "X" | "b" | "e" | "M";
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  cat?: string;
  id?: number;
  args?: Record<string, string | number>;
}

/**
 * A timeline in the format that chrome://tracing and https://ui.perfetto.dev open ("Trace Event Format" of the Chromium
 * project). Times count from the first span.
 */
export function chromeTrace({ spans }: Timeline): { traceEvents: ChromeEvent[]; displayTimeUnit: "ms" } {
  const zeroMs = spans.reduce((least, { startMs }) => Math.min(least, startMs), Number.POSITIVE_INFINITY);
  const us = (ms: number): number => Math.round((ms - zeroMs) * 1e6) / 1e3;
  const pid = 1;
  const heads = Object.values(rows).flatMap(({ id: tid, name }): ChromeEvent[] => [
    { name: "thread_name", ph: "M", pid, tid, args: { name } },
    { name: "thread_sort_index", ph: "M", pid, tid, args: { sort_index: tid } },
  ]);
  const drawn = spans.flatMap(({ kind, name, startMs, endMs }: Span, id): ChromeEvent[] => {
    const at = { name, pid, tid: rows[kind].id, cat: kind };
    const [start, end] = [us(startMs), us(endMs)];
    if (!overlapping.includes(kind)) return [{ ...at, ph: "X", ts: start, dur: Math.max(0, end - start) }];
    return [
      { ...at, ph: "b", id, ts: start },
      { ...at, ph: "e", id, ts: end },
    ];
  });
  const process: ChromeEvent = { name: "process_name", ph: "M", pid, tid: 0, args: { name: "Saccade" } };
  return { traceEvents: [process, ...heads, ...drawn], displayTimeUnit: "ms" };
}
