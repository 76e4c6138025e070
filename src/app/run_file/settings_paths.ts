import { formatJson, parseJson } from "../../model/json_file.ts";
import type { NamedBytes } from "../../platform.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { stateFile } from "../../train/trainer_state.ts";
import { longestLine } from "../run/log_lines.ts";

/** Knobs that say where something lies. */
export type PlaceKnob = "data" | "model" | "adapter";
export const placeKnobs: readonly PlaceKnob[] = ["data", "model", "adapter"];

/** What these knobs say, or are to say. */
export type Places = Pick<RunConfig, PlaceKnob>;

/**
 * A run says in several files where its data and model lie: in config.json and its fingerprints, in each head of its
 * log, and in its checkpoint. All of them must say the same, or the log would pass for another run's.
 */
export const configAt = (text: string, places: Places): string =>
  `${JSON.stringify(moved(parseJson(text, "config.json"), places), null, 2)}\n`;

/**
 * The same in the lines of a log: each head, and what checkpoints say of the folder that they were written to. Changes of
 * settings cannot name places.
 */
export function lineAt(line: string, places: Places): string {
  if (line.startsWith('{"type":"checkpoint"')) {
    const saved = parseJson(line, "the log") as { path?: unknown };
    return typeof saved.path === "string" ? JSON.stringify({ ...saved, path: lastPart(saved.path) }) : line;
  }
  if (!line.startsWith('{"type":"run"')) return line;
  const head = parseJson(line, "the log's head") as Head;
  const { sources } = moved({ sources: head.sources }, places) as { sources?: unknown };
  const { name } = head.model ?? {};
  // A local model is called by its path.
  const isPlace = typeof name === "string" && name === head.config?.model && name !== places.model;
  return JSON.stringify({
    ...head,
    config: moved(head.config, places),
    ...(isPlace && { model: { ...head.model, name: lastPart(name) } }),
    ...(sources === undefined ? {} : { sources }),
  });
}

interface Head {
  config?: { model?: unknown };
  model?: { name?: unknown };
  sources?: unknown;
}

const lastPart = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== "") ?? path;

/** The same in a checkpoint, whose other files it does not touch. */
export const checkpointAt = (files: readonly NamedBytes[], places: Places): NamedBytes[] =>
  files.map((file) => {
    if (file.name !== stateFile) return file;
    const state = parseJson(new TextDecoder().decode(file.bytes), stateFile) as { config?: unknown };
    const text = `${formatJson({ ...state, config: moved(state.config, places) })}\n`;
    return { name: stateFile, bytes: new TextEncoder().encode(text) };
  });

export const lineTooLong = (): Error =>
  new Error(`The log has a line of more than ${longestLine.toLocaleString("en")} characters; it is damaged`);

/** The lines of a log with its heads changed, some at a time. @throws Error for a line that cannot be kept */
export async function* logAt(lines: AsyncIterable<(string | null)[]>, places: Places): AsyncGenerator<string[]> {
  for await (const some of lines) {
    const kept = some.flatMap((line) => {
      if (line === null) throw lineTooLong();
      return line.trim() === "" ? [] : [lineAt(line, places)];
    });
    if (kept.length > 0) yield kept;
  }
}

function moved(value: unknown, places: Places): unknown {
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  const changed: Record<string, unknown> = { ...object };
  for (const knob of placeKnobs) if (typeof object[knob] === "string") changed[knob] = places[knob];
  if (Array.isArray(object.sources)) changed.sources = object.sources.map((print) => movedPrint(print, places));
  return changed;
}

function movedPrint(print: unknown, places: Places): unknown {
  const { knob } = (print ?? {}) as { knob?: unknown };
  return placeKnobs.includes(knob as PlaceKnob) ? { ...(print as object), path: places[knob as PlaceKnob] } : print;
}
