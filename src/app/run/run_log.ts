import type { Metrics, TrainEvent, WarmupEvent } from "../../train/events.ts";
import { knobs, type RunConfig } from "../../train/knobs.ts";

/** Whether an event belongs in the log. Progress within a step does not: a replay would be nothing but that. */
export function isLogged(event: TrainEvent): boolean {
  return event.type !== "decode";
}

/** The part of a log up to a checkpoint. */
export interface LogPrefix {
  /** Whole lines, each with its newline. */
  text: string;
  /** What of the old log is not in it and would be missed, "" where nothing. */
  cut: string;
  /** Metrics of the steps and sampled evaluations in it, in order. */
  made: { steps: Metrics[]; evaluations: Metrics[] };
  /** What a person should know: which events are lost. Null where none are, or where they will happen again. */
  notice: string | null;
}

type Line = (TrainEvent | WarmupEvent) & { step?: number };

/** Events of work; a log without one says only that a process began or ended. */
const work: readonly string[] = ["config", "group", "update", "eval", "warmup"];

/**
 * The part of a log that a checkpoint of `step` stands on. What came after was lost with the process, and will happen
 * again. The checkpoint counts, whatever state the log is in: the run can go on from it with a log that ends too early, that
 * broke off within a line, that a power failure filled with zeros, or that is another run's.
 *
 * @param place   of the checkpoint, as its event names it
 * @param config  of the run: a log of other settings is not its log
 */
export function logUpTo(log: string, step: number, { place, config }: { place: string; config: RunConfig }): LogPrefix {
  const { lines, events, rest } = readable(log);
  const nothing = (notice: string | null): LogPrefix => ({
    text: "",
    cut: keepable(log),
    made: { steps: [], evaluations: [] },
    notice,
  });
  // A fresh run writes its head anew.
  if (step === 0) return nothing(null);
  const afterwards = `the weights go on from step ${step}; its events before that are lost`;
  if (lines.length === 0) return nothing(`The log holds nothing that can be read; ${afterwards}`);
  const foreign = otherSettings(events[0]!, config);
  if (foreign !== null) return nothing(`The log is not this run's (${foreign}); ${afterwards}`);

  const reached = endOfStep(events, step);
  if (reached !== null) {
    const hasCheckpoint = events[reached - 1]!.type === "checkpoint";
    // The process died between writing the checkpoint and logging it.
    const checkpointLine = hasCheckpoint
      ? []
      : [JSON.stringify({ type: "checkpoint", step, path: place } satisfies TrainEvent)];
    return prefix(
      [...lines.slice(0, reached), ...checkpointLine],
      events.slice(0, reached),
      [...lines.slice(reached), rest],
      null,
    );
  }
  if (events.some(({ type }) => type === "warmup")) {
    // A warm-up's events count the steps of their stage; it has one for every step.
    const made = events.flatMap(({ type }, i) => (type === "warmup" ? [i + 1] : []));
    const end = made[step - 1] ?? lines.length;
    const missing = made.length < step ? `The log has ${made.length} of ${step} steps; ${afterwards}` : null;
    return prefix(lines.slice(0, end), events.slice(0, end), [...lines.slice(end), rest], missing);
  }
  const before = events.findLast((event) => event.type === "update" && event.step < step);
  const last = before?.step ?? 0;
  const end = last === 0 ? 1 : endOfStep(events, last)!;
  const lost = last + 1 === step ? `step ${step} are` : `steps ${last + 1} to ${step} are`;
  return prefix(
    lines.slice(0, end),
    events.slice(0, end),
    [...lines.slice(end), rest],
    `The log can be read up to step ${last}, the checkpoint was made after step ${step}: the events of ${lost} lost, the weights are not`,
  );
}

function prefix(lines: string[], events: readonly Line[], cut: readonly string[], notice: string | null): LogPrefix {
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    cut: keepable(cut.filter((line) => line !== "").join("\n")),
    made: {
      steps: events.flatMap((event) => (event.type === "update" && event.metrics ? [event.metrics] : [])),
      evaluations: events.flatMap((event) =>
        event.type === "eval" && !event.greedy && event.metrics ? [event.metrics] : [],
      ),
    },
    notice,
  };
}

/** Where the events of a step end, the checkpoint after it among them; null where the step is not there. */
function endOfStep(events: readonly Line[], step: number): number | null {
  const saved = events.findLastIndex((event) => event.type === "checkpoint" && event.step === step) + 1;
  if (saved > 0) return saved;
  let end = events.findLastIndex((event) => event.type === "update" && event.step === step) + 1;
  if (end === 0) return null;
  while (end < events.length && ["eval", "alarm"].includes(events[end]!.type)) end++;
  return end;
}

/** The lines from the beginning that are events; what follows them is torn, zeros, or no log. */
function readable(log: string): { lines: string[]; events: Line[]; rest: string } {
  const lines: string[] = [];
  const events: Line[] = [];
  let at = 0;
  while (at < log.length) {
    const newline = log.indexOf("\n", at);
    const end = newline < 0 ? log.length : newline;
    const line = log.slice(at, end);
    if (line.trim() !== "") {
      const event = eventIn(line);
      if (event === null) break;
      lines.push(line);
      events.push(event);
    }
    at = end + 1;
  }
  return { lines, events, rest: log.slice(at) };
}

function eventIn(line: string): Line | null {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && typeof value.type === "string" ? value : null;
  } catch {
    return null;
  }
}

/** What is worth a place beside the log: events of work, and what cannot be read but for zeros. */
function keepable(cut: string): string {
  const text = cut.replace(/\0+/g, "");
  const isWorth = text.split("\n").some((line) => line.trim() !== "" && work.includes(eventIn(line)?.type ?? "group"));
  return isWorth ? text : "";
}

/** Which knob that cannot change in a run is another in the head of a log; null where none is. */
function otherSettings(head: Line, config: RunConfig): string | null {
  // A warm-up's log has no head.
  if (head.type === "warmup" || head.type === "checkpoint") return null;
  if (head.type !== "run") return `it begins with "${head.type}"`;
  const stored: Partial<RunConfig> = head.config ?? {};
  const other = (Object.keys(stored) as (keyof RunConfig)[]).find(
    (key) => knobs[key]?.applies === "new run" && stored[key] !== config[key],
  );
  return other ? `${other} is ${stored[other]} there and ${config[other]} here` : null;
}
