import type { TrainEvent } from "../../../train/events.ts";
import type { RolloutMark } from "../../../train/rollout_mark.ts";
import { markedLines } from "../../run/marked_log.ts";

/** A run's events as its log has them, with what was said of its rollouts, a line each, packed: what the page opens again. */
export async function savedLog(events: readonly TrainEvent[], marks: readonly RolloutMark[] = []): Promise<Blob> {
  const lines = markedLines(
    events.map((event) => JSON.stringify(event)),
    marks,
  );
  return new Response(
    new Blob([...lines].map((line) => `${line}\n`)).stream().pipeThrough(new CompressionStream("gzip")),
  ).blob();
}
