import { type KnobName, knobs, type RunConfig } from "../../train/knobs.ts";
import { csvField } from "./csv_field.ts";
import type { Logged } from "./logged_steps.ts";
import { metricsOf } from "./metric_names.ts";

/**
 * Settings that stand as columns: preset, model and seed, those that are not at their defaults in one of the runs, and
 * those that a run may change on its way.
 */
export function settingColumns(configs: readonly Partial<RunConfig>[]): KnobName[] {
  const always: readonly KnobName[] = ["preset", "model", "seed"];
  const others = (Object.keys(knobs) as KnobName[]).filter(
    (name) =>
      !always.includes(name) &&
      (knobs[name].applies === "next step" ||
        configs.some((config) => config[name] !== undefined && config[name] !== knobs[name].default)),
  );
  return [...always, ...others];
}

/**
 * Lines of a long table: one row for each quantity of each step, so that tables of several runs are put together by
 * appending. Columns: run, settings, step, quantity, value. The head comes first.
 * @param columns  by default what the first step needs
 */
export async function* quantityRows(
  log: AsyncIterable<Logged>,
  columns: readonly KnobName[] | null = null,
): AsyncGenerator<string[]> {
  let settings = columns;
  if (settings) yield [head(settings)];
  for await (const one of log) {
    if (!settings) {
      settings = settingColumns([one.config]);
      yield [head(settings)];
    }
    const before = [one.run, ...settings.map((name) => String(one.config[name] ?? ""))].map(csvField).join(",");
    yield Object.entries(metricsOf(one)).map(
      ([quantity, value]) => `${before},${one.step},${csvField(quantity)},${value}`,
    );
  }
  if (!settings) yield [head(settingColumns([]))];
}

const head = (settings: readonly KnobName[]): string => ["run", ...settings, "step", "quantity", "value"].join(",");
