import type { TrainEvent } from "../../../train/events.ts";
import type { ListApi, ListedRun, LogSource } from "../../worker_api/list_api.ts";
import type { EventsFile } from "../../worker_api/run_api.ts";
import { groupEvent } from "./lazy_groups.ts";

/**
 * A log as the worker reads it, which can search its rollouts from then on.
 * @param as        the run of this page, which is about to go on, or the one that is to be shown
 * @param progress  called with the share that has been read, 0 to 1
 * @throws Error with one sentence where it is no log
 */
export async function readLog(
  api: ListApi,
  source: LogSource,
  as: ListedRun,
  progress: (share: number) => void = () => {},
): Promise<EventsFile> {
  const log = await api.openLog(source, as);
  const events: TrainEvent[] = [];
  // The worker reads on while a piece is taken.
  let next = api.nextPiece(log);
  for (;;) {
    const piece = await next;
    if (piece.over !== null) return { events, ...piece.over };
    next = api.nextPiece(log);
    for (const event of piece.events) events.push(event.type === "group" ? groupEvent(event) : event);
    progress(piece.share);
  }
}
