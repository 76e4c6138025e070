import type { Box, Pixels } from "../../image/pixels.ts";
import { Random } from "../random.ts";
import { Recent } from "../recent.ts";
import { AllRows, type RowPlace } from "../rows/all_rows.ts";
import type { Row, RowSource } from "../rows/row.ts";
import { type Skip, type Surveyed, type SurveySettings, survey } from "../rows/survey.ts";
import { rowTwins } from "../rows/twins.ts";
import type { Task } from "../task.ts";
import type { TaskSource } from "./task_source.ts";

export interface FileTaskSettings extends SurveySettings {
  seed: number;
  /** Rows that are chosen at random beforehand and never trained on. */
  heldOutRows: number;
}

/** Tasks from rows of files, and what was left out on the way. */
export interface FileTasks extends TaskSource {
  /** Rows that were left out so far, by why; each row once. */
  readonly skipped: ReadonlyMap<Skip, number>;
  /** The sentence for each row that was left out, in the order in which they were met. */
  readonly skippedRows: ReadonlyMap<string, string>;
  /** Every row that is trained on, once, in the order of the files; those that are left out are not among them. */
  trained(): AsyncGenerator<Task>;
  /**
   * The files of a task's pictures, as its row has them; null for one of which other programs read other pixels than are used
   * here: it was resized, or has other channels than red, green and blue.
   */
  plainFiles(task: Task): Promise<(Uint8Array | null)[]>;
}

/** Purposes of random streams (see needle.ts and lessons.ts for others). */
const streams = { order: 6, substitute: 7, heldOut: 8 };
/** Rows that are tried in the place of one that is left out. */
const mostAttempts = 1000;
/** Decoded pictures that are cached between the choice of a task and its rollouts. */
const recentPixelBytes = 2 ** 28;

/**
 * Every row once an epoch, in an order of its own each time. A row that cannot be trained on is left out and another,
 * chosen at random, takes its place, so that a step has as many tasks as it should: which one depends on seed, step and
 * index alone. Nothing is read before it is asked for.
 * @throws Error with one sentence where there are no rows to train on
 */
export function fileTasks(sources: readonly RowSource[], settings: FileTaskSettings): FileTasks {
  const { seed, heldOutRows } = settings;
  const all = new AllRows(sources);
  const shuffled = new Random(seed, [streams.heldOut]).shuffled(Array.from({ length: all.count }, (_, i) => i));
  const held = shuffled.slice(0, heldOutRows);
  const train = shuffled.slice(heldOutRows);
  const skipped = new Map<Skip, number>();
  const skippedRows = new Map<string, string>();
  const surveys = new Recent<{ row: Row | null; found: Surveyed }>(recentPixelBytes, ({ found }) =>
    found.pixels.reduce((sum, { width, height }) => sum + width * height * 3, 1024),
  );
  let epoch = { index: -1, order: train };
  const rowOf = (row: number): Promise<Row> => {
    const { source, index } = all.placeOf(row);
    return source.row(index);
  };
  // Made when it is first needed: it looks through the text of all rows.
  const twins = rowTwins(train, rowOf);
  const alsoTrained = new Set<number>();
  const uncompared = new Set<number>();

  const look = (row: number) =>
    surveys.get(String(row), async () => {
      const { source, index, id } = all.placeOf(row);
      const { row: read, found } = await lookAt(source, index, settings);
      if (found.skip && !skippedRows.has(id)) {
        skipped.set(found.skip.kind, (skipped.get(found.skip.kind) ?? 0) + 1);
        skippedRows.set(id, found.skip.why);
      }
      return { row: read, found };
    });
  const taskAt = async (row: number): Promise<Task | null> => {
    const { row: read, found } = await look(row);
    return read && !found.skip ? taskOf(all.placeOf(row), read, found) : null;
  };
  const rowAt = (slot: number): number => {
    const index = Math.floor(slot / train.length);
    if (epoch.index !== index) epoch = { index, order: new Random(seed, [streams.order, index]).shuffled(train) };
    return rowIn(epoch.order, slot % train.length);
  };
  const taskInSlot = async (slot: number): Promise<Task> => {
    const first = await taskAt(rowAt(slot));
    if (first) return first;
    const random = new Random(seed, [streams.substitute, slot]);
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const task = await taskAt(rowIn(train, random.below(train.length)));
      if (task) return task;
    }
    const [id, why] = [...skippedRows].at(-1) ?? [];
    throw new Error(`Expected a row to train on, found ${mostAttempts} that are left out; ${id}: ${why}`);
  };

  return {
    name: all.names.join(", "),
    skipped,
    skippedRows,
    counts: () => ({
      "data/skipped": skippedRows.size,
      ...(alsoTrained.size > 0 ? { "data/held_out_also_trained": alsoTrained.size } : {}),
      ...(uncompared.size > 0 ? { "data/held_out_not_compared": uncompared.size } : {}),
      ...Object.fromEntries([...skipped].map(([kind, rows]) => [`data/skipped/${kind.replaceAll(" ", "_")}`, rows])),
    }),
    take: async (step, count) => {
      if (train.length === 0)
        throw new Error(
          `Expected rows to train on, found ${all.count} of which all are held out; lower --held-out-rows`,
        );
      const tasks: Task[] = [];
      for (let index = 0; index < count; index++) tasks.push(await taskInSlot(step * count + index));
      return tasks;
    },
    heldOut: async (count) => {
      const tasks: Task[] = [];
      for (const row of held) {
        if (tasks.length === count) break;
        const task = await taskAt(row);
        if (!task) continue;
        const isTrained = await twins.has(row);
        if (isTrained === null) uncompared.add(row);
        if (isTrained) alsoTrained.add(row);
        else tasks.push(task);
      }
      return tasks;
    },
    heldOutNotes: () => {
      const [unread, ...others] = held.flatMap((row) => skippedRows.get(all.placeOf(row).id) ?? []);
      return [
        `${held.length} of ${all.count} rows are set apart`,
        ...(unread === undefined ? [] : [`${1 + others.length} of them cannot be asked: ${unread}`]),
        ...(alsoTrained.size > 0
          ? [
              `${alsoTrained.size} of them stand among the other rows as well, on which a run trains, word for word, and are not asked`,
            ]
          : []),
        ...(uncompared.size > 0
          ? [
              `${uncompared.size} of them ask the same as so many other rows that their pictures were not compared with all of those`,
            ]
          : []),
      ];
    },
    trained: async function* () {
      for (const row of [...train].sort((a, b) => a - b)) {
        const task = await taskAt(row);
        if (task) yield task;
      }
    },
    plainFiles: async ({ id }) => {
      const { row, found } = await look(all.rowOf(id));
      const files = row && found.pictures.length > 0 ? await row.pictures() : [];
      return found.pictures.map((picture, i) => (isPlain(picture) ? files[i]! : null));
    },
    pictures: async ({ id }) => {
      const { found } = await look(all.rowOf(id));
      if (found.skip) throw new Error(`${id} has no pictures to show: ${found.skip.why}`);
      return found.pixels;
    },
  };
}

/** Whether every program reads the same pixels from a picture's file. */
const isPlain = ({ format, mode, width, height, sourceWidth, sourceHeight }: Surveyed["pictures"][number]): boolean =>
  format !== "WEBP" && mode === "RGB" && width === sourceWidth && height === sourceHeight;

/** A row with what would become of it; one that cannot be read is left out like any other. */
export async function lookAt(
  source: RowSource,
  index: number,
  settings: SurveySettings,
  options?: { headersOnly?: boolean },
): Promise<{ row: Row | null; found: Surveyed }> {
  try {
    const row = await source.row(index);
    return { row, found: await survey(row, settings, options) };
  } catch (error) {
    const skip = { kind: "row unreadable" as const, why: (error as Error).message };
    return { row: null, found: { pictures: [], promptTokens: null, skip, pixels: [] } };
  }
}

function rowIn(rows: readonly number[], at: number): number {
  const row = rows[at];
  if (row === undefined) throw new Error(`Expected one of ${rows.length} rows, found ${at}`);
  return row;
}

function taskOf(
  { source, id }: RowPlace,
  row: Row,
  { pictures, pixels }: { pictures: Surveyed["pictures"]; pixels: Pixels[] },
): Task {
  const box = row.goldBoxSourcePx;
  return {
    id,
    source: source.name,
    question: row.question,
    answer: row.answer,
    imageSizesPx: pixels.map(({ width, height }) => ({ width, height })),
    ...(box && pictures[0] ? { goldBoxSourcePx: scaled(box, pictures[0]) } : {}),
    dataSource: row.dataSource,
    ...(row.messages.length > 0 ? { messages: [...row.messages] } : {}),
    // A file without that column says nothing about tools.
    ...("env_name" in row.columns && row.envName === "" ? { tools: false } : {}),
    columns: row.columns,
  };
}

/** A box in the picture's file, in the picture as it is stored for crops. */
function scaled(
  [left, top, right, bottom]: Box,
  { width, height, sourceWidth, sourceHeight }: Surveyed["pictures"][number],
): Box {
  const [x, y] = [sourceWidth / width, sourceHeight / height];
  return [left * x, top * y, right * x, bottom * y];
}
