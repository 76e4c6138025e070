import type { NamedBytes } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { type CurveEvent, curveEvents } from "../run/curve_events.ts";
import { licenceOf } from "./licence.ts";
import { modelCard } from "./model_card.ts";

/** Where the facts of a card are read. */
export interface CardSource {
  run: string;
  step: number;
  config: RunConfig;
  /** Its log, "" where there is none. */
  log: string;
  /** The files that it is written beside. */
  files: readonly NamedBytes[];
  /** A file of the folder of the model that the run began with, null where there is none. */
  readBase(name: string): Promise<Uint8Array | null>;
  /** As CardFacts has it. */
  onnx?: string;
}

/** The files of an exported model with its card. What cannot be read of the run is said in the card; it never fails for it. */
export async function withCard({ run, step, config, log, files, readBase, onnx }: CardSource): Promise<NamedBytes[]> {
  const isAdapter = files.some(({ name }) => name === "adapter_config.json");
  const card = await readBase("README.md").catch(() => null);
  const licence = licenceOf(config.model, card && new TextDecoder().decode(card));
  const facts = { run, step, config, events: eventsIn(log, run), isAdapter, licence, onnx };
  return [...files, ...modelCard(facts)];
}

function eventsIn(log: string, run: string): CurveEvent[] {
  try {
    return curveEvents(log, run);
  } catch {
    return [];
  }
}
