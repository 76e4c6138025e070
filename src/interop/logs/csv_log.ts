import type { NamedBytes } from "../../platform.ts";
import type { Metrics } from "../../train/events.ts";
import type { Logged } from "./logged_steps.ts";
import { metricsOf } from "./metric_names.ts";

/** `metrics.csv`: a line a step, a column a metric; an empty field where a step has none, NaN where it is not a number. */
export async function* csvLog(log: AsyncIterable<Logged>): AsyncGenerator<NamedBytes> {
  const rows = new Map<number, Metrics>();
  for await (const one of log) rows.set(one.step, { ...rows.get(one.step), ...metricsOf(one) });
  const names = [...new Set([...rows.values()].flatMap((metrics) => Object.keys(metrics)))];
  const lines = [
    ["step", ...names.map(quoted)].join(","),
    ...[...rows].map(([step, metrics]) => [step, ...names.map((name) => metrics[name] ?? "")].join(",")),
  ];
  yield { name: "metrics.csv", bytes: new TextEncoder().encode(`${lines.join("\n")}\n`) };
}

/** RFC 4180. Parts of rewards and counts of data sources name metrics, so a name may hold anything. */
const quoted = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
