import type { Span, SpanKind, Timeline } from "../../timeline.ts";

/** Steps at the beginning that record plans and compile kernels. */
const warmUps = 3;

/** What a part of a step took, per step. */
export interface Part {
  name: string;
  /** How often a step, and how long in all, ms a step. */
  times: number;
  ms: number;
}

/** Where the time of a step goes. All times in ms a step. */
export interface StepTimes {
  steps: number;
  wallMs: number;
  /** Null where the adapter has no timestamps. */
  gpuBusyMs: number | null;
  /** The longest first. Work of the host is without what it calls that has a name of its own. */
  host: Part[];
  waits: Part[];
  elapsed: Part[];
  gpu: Part[];
}

/** Null where there are too few steps to tell. */
export function stepTimes({ spans }: Timeline): StepTimes | null {
  const made = spans.filter(({ kind }) => kind === "step").slice(warmUps);
  const [first] = made;
  const last = made.at(-1);
  if (!first || !last) return null;
  const within = spans.filter(({ startMs }) => startMs >= first.startMs && startMs < last.endMs);
  const of = (kind: SpanKind) => within.filter((span) => span.kind === kind);
  const steps = made.length;
  const gpu = of("gpu");
  return {
    steps,
    wallMs: (last.endMs - first.startMs) / steps,
    gpuBusyMs: gpu.length === 0 ? null : covered(gpu) / steps,
    host: parts(exclusive(of("host")), steps),
    waits: parts(of("wait"), steps),
    elapsed: parts(of("elapsed"), steps),
    gpu: parts(gpu, steps),
  };
}

/** The same for people. */
export function timelineTable(timeline: Timeline): string | null {
  const times = stepTimes(timeline);
  if (!times) return null;
  const { steps, wallMs, gpuBusyMs } = times;
  const ms = (value: number) => `${value.toFixed(2).padStart(8)} ms`;
  const sum = (of: readonly Part[]) => of.reduce((total, part) => total + part.ms, 0);
  const share = (value: number) => `${((100 * value) / wallMs).toFixed(0).padStart(4)} %`;
  const lines = (head: string, of: readonly Part[]) => [
    `${head.padEnd(40)}${ms(sum(of))}${share(sum(of))}`,
    ...of.map(
      (part) => `  ${part.name.slice(0, 36).padEnd(38)}${ms(part.ms)}${share(part.ms)}  ${part.times.toFixed(1)} times`,
    ),
  ];
  return [
    `${`a step, mean of ${steps}`.padEnd(40)}${ms(wallMs)}`,
    ...(gpuBusyMs === null
      ? ["The adapter offers no timestamp-query: nothing is known of the GPU"]
      : [
          `${"GPU idle".padEnd(40)}${ms(wallMs - gpuBusyMs)}${share(wallMs - gpuBusyMs)}`,
          ...lines("GPU, by pass", times.gpu),
        ]),
    ...lines("host: work", times.host),
    ...lines("host: waits for the GPU", times.waits),
    ...lines("host: under way, other work in between", times.elapsed),
    ...(timeline.leftOut > 0 ? [`${timeline.leftOut} spans came after there was room for no more`] : []),
  ].join("\n");
}

/** Milliseconds in which at least one of them was under way. */
function covered(spans: readonly Span[]): number {
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { startMs, endMs } of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    total += Math.max(0, endMs - Math.max(startMs, until));
    until = Math.max(until, endMs);
  }
  return total;
}

/** Spans of one thread, which nest: the time of each without those inside it. */
function exclusive(spans: readonly Span[]): { name: string; ms: number }[] {
  const open: { name: string; ms: number; endMs: number }[] = [];
  const all: { name: string; ms: number }[] = [];
  for (const { name, startMs, endMs } of [...spans].sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs)) {
    while (open.length > 0 && open.at(-1)!.endMs <= startMs) open.pop();
    const outer = open.at(-1);
    if (outer) outer.ms -= endMs - startMs;
    const one = { name, ms: endMs - startMs, endMs };
    open.push(one);
    all.push(one);
  }
  return all;
}

function parts(spans: readonly (Span | { name: string; ms: number })[], steps: number): Part[] {
  const byName = new Map<string, Part>();
  for (const span of spans) {
    // Sizes are in the names of plans, and differ from step to step.
    const name = span.name.replace(/( \d+)+$/, "");
    const part = byName.get(name) ?? { name, times: 0, ms: 0 };
    byName.set(name, part);
    part.times += 1 / steps;
    part.ms += ("ms" in span ? span.ms : span.endMs - span.startMs) / steps;
  }
  return [...byName.values()].sort((a, b) => b.ms - a.ms);
}
