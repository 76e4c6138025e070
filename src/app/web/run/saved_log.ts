import type { TrainEvent } from "../../../train/events.ts";

/** A run's events as its log has them, a line each, packed: what the page opens again. */
export async function savedLog(events: readonly TrainEvent[]): Promise<Blob> {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  return new Response(new Blob(lines).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}
