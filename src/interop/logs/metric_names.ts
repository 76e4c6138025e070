import type { Metrics } from "../../train/events.ts";
import type { Logged } from "./logged_steps.ts";

/** The metrics of a step or of an evaluation, in one set of names: those of evaluations begin with heldout/. */
export function metricsOf(one: Logged): Metrics {
  if (one.kind === "step") return one.metrics;
  const prefix = `heldout/${one.greedy ? "greedy" : "sampled"}/`;
  return Object.fromEntries(Object.entries(one.metrics).map(([name, value]) => [prefix + name, value]));
}
