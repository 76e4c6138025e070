import type { TrainEvent } from "../../../train/events.ts";
import type { RolloutMark } from "../../../train/rollout_mark.ts";
import { parseSorting } from "../../rollout_list/fields.ts";
import { find } from "../../rollout_list/find.ts";
import { type ListRow, listRow } from "../../rollout_list/list_row.ts";
import { parseQuery, type Query } from "../../rollout_list/query.ts";
import { RolloutIndex } from "../../rollout_list/rollout_index.ts";
import type { ReadLog } from "../../run/log_reader.ts";
import type {
  AskedList,
  FoundList,
  ListApi,
  ListedRun,
  LogPiece,
  LogSource,
  RecalledStep,
} from "../../worker_api/list_api.ts";
import { eventsOfBlob, eventsOfPieces, type ReadEvents } from "../browser/events_file.ts";

/** What lists of rollouts are made from. */
export interface ListParts {
  /** The log of a stored run, whole lines at a time. @throws Error where there is no such run */
  storedPieces(name: string): AsyncIterable<{ text: string; share: number }>;
  /** The lines of one step, of tasks and rollouts. */
  storedStep(name: string, step: number): Promise<string[]>;
  keptMarks(tree: string): Promise<RolloutMark[]>;
  keepMark(tree: string, mark: RolloutMark): Promise<void>;
}

/** A run whose rollouts are searched. */
interface Listed {
  index: RolloutIndex;
  source: LogSource | null;
}

interface Search {
  listed: Listed;
  query: Query;
  rows: Uint32Array;
}

/** Searches whose rows can be asked for: the page's last one, and the one that is being drawn. */
const keptSearches = 3;

/**
 * Lists of the rollouts of two runs: of the run of this page, which grows as it goes on, and of the one that is shown. Here lies
 * an index of either, about 400 bytes a rollout with its texts; the rollouts themselves stay in the log.
 */
export class RolloutLists implements ListApi {
  readonly #parts: ListParts;
  readonly #runs: Record<ListedRun, Listed> = {
    live: { index: new RolloutIndex(), source: null },
    shown: { index: new RolloutIndex(), source: null },
  };
  /** What was read of the log of a run that is about to be gone on with. */
  #before: Listed | null = null;
  readonly #logs = new Map<number, { as: ListedRun; listed: Listed; reading: AsyncGenerator<ReadEvents, ReadLog> }>();
  readonly #searches = new Map<number, Search>();
  #count = 0;

  constructor(parts: ListParts) {
    this.#parts = parts;
  }

  /** The run of this page has another name from here on. */
  begin(name: string): void {
    const before = this.#before;
    this.#before = null;
    this.#runs.live =
      before?.source?.kind === "stored" && before.source.name === name
        ? before
        : { index: new RolloutIndex(), source: { kind: "stored", name } };
  }

  /** What happens in the run of this page. */
  receive(event: TrainEvent): void {
    this.#runs.live.index.receive(event);
  }

  async openLog(source: LogSource, as: ListedRun): Promise<number> {
    this.#logs.set(++this.#count, {
      as,
      listed: { index: new RolloutIndex(), source },
      reading: this.#read(source),
    });
    return this.#count;
  }

  async nextPiece(log: number): Promise<LogPiece> {
    const open = this.#logs.get(log);
    if (!open) throw new Error("This log was read to its end");
    const { listed, reading, as } = open;
    try {
      const next = await reading.next();
      if (next.done) {
        this.#logs.delete(log);
        if (as === "shown") this.#runs.shown = listed;
        else this.#before = listed;
        return { events: [], share: 1, over: next.value };
      }
      const events = next.value.events.map(({ event, line, early }) => {
        listed.index.receive(event);
        if (event.type !== "group") return event;
        const { type, step, taskIndex, rollouts } = event;
        const ids = rollouts.map(({ id }) => id);
        // To write all of a log anew would take longer than to read it.
        return {
          type,
          step,
          taskIndex,
          ids,
          line: line ?? JSON.stringify(event),
          ...(line !== null && early && { early: true as const }),
        };
      });
      return { events, share: next.value.share, over: null };
    } catch (error) {
      this.#logs.delete(log);
      throw error;
    }
  }

  async find({ of, query, sorting }: AskedList): Promise<FoundList> {
    const asked = parseQuery(query);
    const listed = this.#runs[of];
    const { index } = listed;
    const { rows, facets, extents } = find(index, asked, parseSorting(sorting));
    const search = ++this.#count;
    this.#searches.set(search, { listed, query: asked, rows });
    for (const old of this.#searches.keys()) {
      if (this.#searches.size <= keptSearches) break;
      this.#searches.delete(old);
    }
    const { size: total, shortenedTexts, missingTexts } = index;
    return { search, total, found: rows.length, facets, extents, shortenedTexts, missingTexts };
  }

  async rows(search: number, from: number, count: number): Promise<ListRow[]> {
    const kept = this.#searches.get(search);
    if (!kept) return [];
    const { listed, query, rows } = kept;
    // A run that was begun again has fewer rollouts than it had.
    const there = [...rows.subarray(Math.max(0, from), from + count)].filter((row) => row < listed.index.size);
    return there.map((row) => listRow(listed.index, row, query));
  }

  async placeOf(search: number, id: string): Promise<number | null> {
    const kept = this.#searches.get(search);
    const row = kept?.listed.index.rowOf(id) ?? null;
    const place = row === null ? -1 : kept!.rows.indexOf(row);
    return place < 0 ? null : place;
  }

  async saveFound(search: number): Promise<Blob> {
    const kept = this.#searches.get(search);
    const source = kept?.listed.source ?? null;
    if (!kept || source === null) throw new Error("There is no list to be saved; change the filter and try again");
    const { index } = kept.listed;
    const wanted = new Map([...kept.rows].map((row, place) => [index.ids[row]!, place]));
    const lines = new Map<number, string>();
    const reading = this.#read(source);
    for (let next = await reading.next(); !next.done; next = await reading.next())
      for (const { event } of next.value.events) {
        if (event.type !== "group") continue;
        for (const rollout of event.rollouts) {
          const place = wanted.get(rollout.id);
          const row = place === undefined ? null : index.rowOf(rollout.id);
          if (place === undefined || row === null) continue;
          const { note, tags, judgeWrong } = index.marks.get(rollout.id) ?? { note: "", tags: [], judgeWrong: false };
          const mark = { note, tags, judge_wrong: judgeWrong };
          lines.set(place, `${JSON.stringify({ ...rollout, task: index.taskOf(row), ...mark })}\n`);
        }
      }
    return new Blob(
      [...lines].sort(([a], [b]) => a - b).map(([, line]) => line),
      { type: "application/x-ndjson" },
    );
  }

  async recall(step: number): Promise<RecalledStep | null> {
    const { source } = this.#runs.live;
    if (source?.kind !== "stored") return null;
    let tasks: RecalledStep["tasks"] = [];
    let groups: RecalledStep["groups"] = [];
    for (const line of await this.#parts.storedStep(source.name, step)) {
      const event = JSON.parse(line) as TrainEvent;
      if (event.type === "tasks") {
        tasks = event.more ? [...tasks, ...event.tasks] : event.tasks;
        groups = [...(event.more ? groups : []), ...event.tasks.map(() => null)];
      } else if (event.type === "group") groups[event.taskIndex] = event.rollouts;
    }
    return tasks.length === 0 ? null : { step, tasks, groups };
  }

  async marks(of: ListedRun | null, tree: string): Promise<RolloutMark[]> {
    const kept = await this.#parts.keptMarks(tree);
    if (of === null) return kept;
    const { index } = this.#runs[of];
    // What was said here comes after what a log says.
    for (const mark of kept) index.mark(mark);
    return [...index.marks.values()];
  }

  async mark(of: ListedRun, tree: string, mark: RolloutMark): Promise<void> {
    await this.#parts.keepMark(tree, mark);
    this.#runs[of].index.mark(mark);
  }

  #read(source: LogSource): AsyncGenerator<ReadEvents, ReadLog> {
    if (source.kind === "file") return eventsOfBlob(source.name, source.file);
    const { name } = source;
    return eventsOfPieces(`the run "${name}"`, this.#parts.storedPieces(name), "remove it or choose another");
  }
}
