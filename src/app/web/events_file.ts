import { withDefaults } from "../../train/config.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { EventsFile } from "../api.ts";

const chooseAnother = "choose the events.jsonl of a run's folder";

/**
 * Parses a log: one JSON event a line. A last line that is cut off (the run was interrupted while it wrote) is left out.
 *
 * @param remedy  what to do about a file that is no log
 * @throws Error with one sentence that names the line.
 */
export function readEventsFile(name: string, text: string, remedy = chooseAnother): EventsFile {
  const lines = text.split("\n").map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw new Error(`${name} is empty; ${remedy}`);
  const events: TrainEvent[] = [];
  let notice: string | null = null;
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      if (i > 0 && i === lines.length - 1) {
        notice = `The last line of ${name} is cut off; ${events.length.toLocaleString("en")} events are shown`;
        break;
      }
      throw new Error(`Line ${i + 1} of ${name} is not JSON; ${remedy}`);
    }
    const problem = problemOf(value);
    if (problem) throw new Error(`Line ${i + 1} of ${name} is no event of a run (${problem}); ${remedy}`);
    events.push(value as TrainEvent);
  }
  const head = events[0] as Partial<Extract<TrainEvent, { type: "run" }>>;
  if (head.type !== "run")
    throw new Error(`${name} does not begin with a "run" event but with "${head.type}"; ${remedy}`);
  if (head.format !== 1)
    throw new Error(`${name} has log format ${head.format}, this page reads 1; open it with the Saccade that wrote it`);
  const config = withDefaults(head.config as Partial<RunConfig>);
  return { events: [{ ...events[0]!, config } as TrainEvent, ...events.slice(1)], notice };
}

const isNumber = (value: unknown): boolean => typeof value === "number";
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRollout = (value: unknown): boolean =>
  isObject(value) && typeof value.id === "string" && Array.isArray(value.segments) && Array.isArray(value.calls);
const isTask = (value: unknown): boolean =>
  isObject(value) && typeof value.id === "string" && typeof value.question === "string";
const listOf = (check: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(check);

/** What the page relies on, by event type; fields beyond these are shown where they are there. */
const fields: Record<string, Record<string, (value: unknown) => boolean>> = {
  run: { config: isObject, model: isObject },
  config: { changes: isObject },
  tasks: { step: isNumber, tasks: listOf(isTask) },
  group: { step: isNumber, taskIndex: isNumber, rollouts: listOf(isRollout) },
  update: { step: isNumber, metrics: isObject },
  eval: { step: isNumber, metrics: isObject },
};

function problemOf(value: unknown): string | null {
  if (!isObject(value) || typeof value.type !== "string") return 'it has no "type"';
  for (const [field, check] of Object.entries(fields[value.type] ?? {})) {
    if (!check(value[field])) return `a "${value.type}" event without a proper "${field}"`;
  }
  return null;
}
