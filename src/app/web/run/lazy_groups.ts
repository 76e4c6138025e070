import type { Rollout } from "../../../agent/rollout.ts";
import { readEvent } from "../../../train/event_schema.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { fromFormat1 } from "../../run/early_log.ts";
import type { GroupLine } from "../../worker_api/list_api.ts";

/** Rollouts that are in memory as objects: two steps of 512 tasks with 16 rollouts each, some 60 MB. */
const keptRollouts = 16_384;

/** Of lists that are read where they are looked at. */
const idsOf = new WeakMap<readonly Rollout[], readonly string[]>();

/** Lists that have been read, those that were looked at last behind the others. */
const readLists = new Map<Rollout[], { release(): void }>();
let readCount = 0;

/**
 * The rollouts of a task as an event of a log has them, read when one of them is looked at, and let go once many others were. So a
 * recorded run of any length is as large in memory as its text.
 */
export function groupEvent({
  type,
  step,
  taskIndex,
  ids,
  line,
  early,
}: GroupLine): Extract<TrainEvent, { type: "group" }> {
  const list: Rollout[] = [];
  let isRead = false;
  const read = (): void => {
    if (isRead) return;
    isRead = true;
    list.push(...rolloutsIn(line, early === true));
    readCount += list.length;
    readLists.set(list, {
      release: () => {
        readCount -= list.length;
        list.length = 0;
        isRead = false;
      },
    });
    for (const [oldest, { release }] of readLists) {
      if (readCount <= keptRollouts || oldest === list) break;
      readLists.delete(oldest);
      release();
    }
  };
  const rollouts = new Proxy(list, {
    get: (target, key) => {
      read();
      return Reflect.get(target, key);
    },
    has: (target, key) => {
      read();
      return Reflect.has(target, key);
    },
    ownKeys: (target) => {
      read();
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor: (target, key) => {
      read();
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
  idsOf.set(rollouts, ids);
  return { type, step, taskIndex, rollouts };
}

/** Whether a rollout is among those of a group; nothing is read for it. */
export const holds = (group: readonly Rollout[], id: string): boolean =>
  idsOf.get(group)?.includes(id) ?? group.some((rollout) => rollout.id === id);

/** How many rollouts a group has; nothing is read for it. */
export const sizeOf = (group: readonly Rollout[]): number => idsOf.get(group)?.length ?? group.length;

function rolloutsIn(line: string, early: boolean): Rollout[] {
  // What did not fit was left out and reported when the log was read.
  const read = readEvent(JSON.parse(line), () => {});
  const event = read && early ? fromFormat1(read) : read;
  return event?.type === "group" ? event.rollouts : [];
}
