import type { TrainEvent } from "../../../train/events.ts";
import type { RolloutMark } from "../../../train/rollout_mark.ts";
import { withMarks } from "../../run/marked_log.ts";

/** A run's events as its log has them, with what was said of its rollouts, a line each, packed: what the page opens again. */
export async function savedLog(events: readonly TrainEvent[], marks: readonly RolloutMark[] = []): Promise<Blob> {
  const lines = [...withMarks(events, marks)].map((event) => `${JSON.stringify(event)}\n`);
  return new Response(new Blob(lines).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}
