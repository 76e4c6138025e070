import type { MemoryPeak } from "../../gpu/buffer_pool.ts";

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(3)} GiB`;

/** What the GPU's memory was used for at its peak, the most first. */
export function peakTable({ bytes, uses }: MemoryPeak): string {
  const rows = [...uses].filter(([, used]) => used > 0).sort(([, a], [, b]) => b - a);
  const width = Math.max(...rows.map(([use]) => use.length), "memory at its peak".length);
  const line = (what: string, used: number) => `${what.padEnd(width)}  ${gib(used).padStart(12)}`;
  return [line("memory at its peak", bytes), ...rows.map(([use, used]) => line(use, used))].join("\n");
}

/** The same in one line. */
export function peakLine({ bytes, uses }: MemoryPeak): string {
  const most = [...uses].filter(([, used]) => used >= bytes / 20).sort(([, a], [, b]) => b - a);
  return `GPU memory at its peak: ${gib(bytes)} (${most.map(([use, used]) => `${use} ${gib(used)}`).join(", ")})`;
}
