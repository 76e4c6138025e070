import type { NamedBytes } from "../../platform.ts";
import type { Metrics } from "../../train/events.ts";
import { csvField } from "./csv_field.ts";
import type { Logged } from "./logged_steps.ts";
import { metricsOf } from "./metric_names.ts";

/**
 * What trackio takes (tried with 0.43.0). `import.py` sends `metrics.jsonl` through its `init` and `log`, under whole names.
 * `metrics.csv` is for its `import_csv`, which needs a column "step", takes "timestamp" (ISO 8601), and shortens every
 * other name to ten letters: for a look, not for comparisons.
 */
export async function* trackioLog(log: AsyncIterable<Logged>): AsyncGenerator<NamedBytes> {
  const rows = new Map<number, { time: string; metrics: Metrics }>();
  for await (const one of log) {
    const time = new Date(one.endedAtMs).toISOString();
    const metrics = metricsOf(one);
    const before = rows.get(one.step);
    rows.set(one.step, { time: before?.time ?? time, metrics: { ...before?.metrics, ...metrics } });
  }
  const lines = [...rows].map(([step, { time, metrics }]) => JSON.stringify({ step, timestamp: time, metrics }));
  yield { name: "metrics.jsonl", bytes: encode(lines) };
  const names = [...new Set([...rows.values()].flatMap(({ metrics }) => Object.keys(metrics)))];
  const table = [...rows].map(([step, { time, metrics }]) =>
    [step, time, ...names.map((name) => metrics[name] ?? "")].join(","),
  );
  yield { name: "metrics.csv", bytes: encode([["step", "timestamp", ...names.map(csvField)].join(","), ...table]) };
  yield { name: "import.py", bytes: encode([script]) };
}

const encode = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);

/** JSON has no NaN: null stands for it in the lines. */
const script = `"""Puts this run into trackio: pip install trackio, then python import.py PROJECT RUN; trackio show --project PROJECT"""
import json
import sys
from pathlib import Path

import trackio

project, name = (sys.argv[1:] + ["saccade", "run"][len(sys.argv) - 1 :])[:2]
trackio.init(project=project, name=name, embed=False)
for line in (Path(__file__).parent / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
    one = json.loads(line)
    metrics = {key: float("nan") if value is None else value for key, value in one["metrics"].items()}
    trackio.log(metrics, step=one["step"])
trackio.finish()`;
