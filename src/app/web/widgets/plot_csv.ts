import type { Line } from "./plot_lines.ts";

/** Lines of a plot as comma-separated values, one row a step; an empty field where there is no value. */
export function tableCsv(steps: readonly number[], lines: readonly Pick<Line, "name" | "values">[]): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["step", ...lines.map((line) => line.name)].map(quoted);
  const rows = steps.map((step, i) => [step, ...lines.map((line) => line.values[i] ?? "")]);
  return [head, ...rows].map((row) => row.join(",")).join("\n");
}
