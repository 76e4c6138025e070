import type { TrainEvent } from "../../train/events.ts";
import { isBlank, type RolloutMark } from "../../train/rollout_mark.ts";

/** The beginning of a line that closes a step. */
const closing = /^\{"type":"update","step":(\d+),/;
/** A line of what was said before. */
const said = /^\{"type":"mark",.*?"rollout":("(?:[^"\\]|\\.)*")/;

/**
 * The lines of a log with what a person said of its rollouts: each before the update of its step, where those who read a
 * log step by step find it. What is said here takes the place of what the log says; all other lines stay as they are.
 */
export function* markedLines(lines: Iterable<string>, marks: readonly RolloutMark[]): Generator<string> {
  const replaced = new Set(marks.map(({ rollout }) => rollout));
  const waiting = Map.groupBy(
    marks.filter((mark) => !isBlank(mark)),
    stepOf,
  );
  for (const line of lines) {
    const before = said.exec(line)?.[1];
    if (before !== undefined && replaced.has(JSON.parse(before))) continue;
    const closed = closing.exec(line)?.[1];
    if (closed !== undefined) {
      const step = Number(closed);
      for (const mark of waiting.get(step) ?? [])
        yield JSON.stringify({ type: "mark", step, mark } satisfies TrainEvent);
      // A step that was made again has them once.
      waiting.delete(step);
    }
    yield line;
  }
}

/** The step that a rollout's id begins with. */
const stepOf = ({ rollout }: RolloutMark): number => Number.parseInt(rollout, 10);
