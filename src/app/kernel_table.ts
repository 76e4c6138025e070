import type { KernelTime } from "../gpu/plan.ts";

/** Time per kernel of one walk as a table, the dearest first. */
export function kernelTable(kind: string, times: readonly KernelTime[]): string {
  const byLabel = new Map<string, { count: number; durationMs: number }>();
  for (const { label, durationMs } of times) {
    const entry = byLabel.get(label) ?? { count: 0, durationMs: 0 };
    entry.count++;
    entry.durationMs += durationMs;
    byLabel.set(label, entry);
  }
  const totalMs = times.reduce((sum, t) => sum + t.durationMs, 0);
  const rows = [...byLabel].sort(([, a], [, b]) => b.durationMs - a.durationMs);
  const width = Math.max(...rows.map(([label]) => label.length), kind.length);
  const line = (label: string, count: number, durationMs: number) =>
    `${label.padEnd(width)}  ${String(count).padStart(5)}  ${durationMs.toFixed(3).padStart(9)} ms  ${((100 * durationMs) / totalMs).toFixed(1).padStart(5)} %`;
  return [
    line(kind, times.length, totalMs),
    ...rows.map(([label, { count, durationMs }]) => line(label, count, durationMs)),
  ].join("\n");
}
