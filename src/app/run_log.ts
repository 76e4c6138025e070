import type { TrainEvent } from "../train/events.ts";

/** Whether an event belongs in the log. Progress within a step does not: a replay would be nothing but that. */
export function isLogged(event: TrainEvent): boolean {
  return event.type !== "decode";
}

/**
 * The part of a log that a checkpoint of `step` stands on: what came after was lost with the process, and will happen
 * again. A last line that was cut off while it was written is left out.
 * @throws Error where another line is not JSON, or where the log does not reach the step.
 */
export function logUpTo(log: string, step: number): string {
  // A fresh run writes its head anew.
  if (step === 0) return "";
  const lines = log.split("\n");
  // What follows the last newline: "" in a whole log.
  lines.pop();
  const events = lines.map((line, i) => parseLine(line, i));
  let end = events.findLastIndex((event) => event.type === "checkpoint" && event.step === step) + 1;
  if (end === 0) {
    // The process died between writing the checkpoint and saying so.
    end = events.findLastIndex((event) => event.type === "update" && event.step === step) + 1;
    if (end === 0)
      throw new Error(
        `The log does not reach step ${step}, after which the checkpoint was written; the two belong to different runs`,
      );
    while (end < events.length && (events[end].type === "eval" || events[end].type === "alarm")) end++;
  }
  return lines
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join("");
}

function parseLine(line: string, index: number): TrainEvent & { step?: number } {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(
      `Line ${index + 1} of the log is not JSON: ${line.slice(0, 60)}; the run can be begun anew, or the line removed`,
    );
  }
}
