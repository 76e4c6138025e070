import type { NamedBytes } from "../../platform.ts";
import type { Metrics } from "../../train/events.ts";
import { csvField } from "./csv_field.ts";
import type { Logged } from "./logged_steps.ts";
import { metricsOf } from "./metric_names.ts";
import { quantityRows } from "./quantity_rows.ts";

const encoder = new TextEncoder();

/**
 * Two tables. `metrics.csv`: a line a step, a column a metric; an empty field where a step has none, NaN where it is not
 * a number. `quantities.csv`: a line for each of them, with the run and its settings (`quantity_rows.ts`).
 */
export async function* csvLog(log: AsyncIterable<Logged>): AsyncGenerator<NamedBytes> {
  const rows = new Map<number, Metrics>();
  for await (const lines of quantityRows(keeping(log, rows)))
    yield { name: "quantities.csv", bytes: encoder.encode(lines.map((line) => `${line}\n`).join("")) };
  // Which columns there are is known at the end only.
  const names = [...new Set([...rows.values()].flatMap((metrics) => Object.keys(metrics)))];
  const lines = [
    ["step", ...names.map(csvField)].join(","),
    ...[...rows].map(([step, metrics]) => [step, ...names.map((name) => metrics[name] ?? "")].join(",")),
  ];
  yield { name: "metrics.csv", bytes: encoder.encode(`${lines.join("\n")}\n`) };
}

/** What passes, and the metrics of each step in `rows`. */
async function* keeping(log: AsyncIterable<Logged>, rows: Map<number, Metrics>): AsyncGenerator<Logged> {
  for await (const one of log) {
    rows.set(one.step, { ...rows.get(one.step), ...metricsOf(one) });
    yield one;
  }
}
