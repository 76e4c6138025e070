import type { KernelTime } from "../../gpu/kernel_times.ts";
import { workOf, workOfAll } from "./kernel_work.ts";

/**
 * Time per kernel of one pass as a table, the slowest first, with what it achieved: operations and bytes a second, of the
 * work that there was at least. Kernels that the table of work does not know have their time only.
 *
 * @param bySize  a line for each size of a product
 */
export function kernelTable(kind: string, times: readonly KernelTime[], { bySize = false } = {}): string {
  const byLabel = new Map<string, KernelTime[]>();
  for (const time of times) {
    const label = bySize ? labelWithSize(time) : time.label;
    const group = byLabel.get(label);
    if (group) group.push(time);
    else byLabel.set(label, [time]);
  }
  const durationOf = (group: readonly KernelTime[]) => group.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const totalMs = durationOf(times);
  const rows = [...byLabel].sort(([, a], [, b]) => durationOf(b) - durationOf(a));
  const width = Math.max(...rows.map(([label]) => label.length), kind.length);
  const line = (label: string, group: readonly KernelTime[], rates: string) =>
    `${label.padEnd(width)}  ${String(group.length).padStart(5)}  ${durationOf(group).toFixed(3).padStart(9)} ms  ${((100 * durationOf(group)) / totalMs).toFixed(1).padStart(5)} %${rates}`.trimEnd();
  return [
    line(kind, times, ratesOf(times, totalMs)),
    ...rows.map(([label, group]) => line(label, group, ratesOf(group, durationOf(group)))),
    ...(times.some(({ dispatch, spans }) => workOf(dispatch, spans)?.isMost)
      ? ["<: at most, as if every row attended every key"]
      : []),
  ].join("\n");
}

/** e.g. "product_wide.multiply 5396 x 2048 -> 11008" */
function labelWithSize({ label, dispatch: { params = {} } }: KernelTime): string {
  const { N, I, O } = params;
  return [N, I, O].some((size) => size === undefined) ? label : `${label} ${N} x ${I} -> ${O}`;
}

/** e.g. "  41.9 TFLOP/s   1210 GB/s" */
function ratesOf(group: readonly KernelTime[], durationMs: number): string {
  const work = workOfAll(group);
  if (!work || durationMs <= 0) return "";
  const rate = (perSecond: number, unit: string, width: number) => {
    if (perSecond === 0) return " ".repeat(width + unit.length + 1);
    const digits = perSecond >= 1000 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
    return `${`${work.isMost ? "<" : ""}${digits}`.padStart(width)} ${unit}`;
  };
  return `${rate(work.flops / durationMs / 1e9, "TFLOP/s", 10)}${rate(work.bytes / durationMs / 1e6, "GB/s", 9)}`;
}
