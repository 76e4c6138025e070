import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { leftOutText } from "../../../train/value_readers.ts";
import type { DataApi, RowCard } from "../../worker_api/data_api.ts";
import { counted } from "../labels/numbers.ts";

/** Rows of each file that are compared with what the log has of them. */
const comparedRows = 8;

/** No model's factor is larger. */
const smallestSidePx = 64;

/** The file and row that a task's id names. */
export function rowOf(id: string): { file: string; row: number } | null {
  const [, file, row] = /^(.+)\/(\d{1,12})$/s.exec(id) ?? [];
  return file === undefined ? null : { file, row: Number(row) };
}

/** Tasks of a log by the files that they come from. */
export function tasksByFile(tasks: Iterable<Task>): Map<string, { row: number; task: Task }[]> {
  const files = new Map<string, { row: number; task: Task }[]>();
  for (const task of tasks) {
    const place = rowOf(task.id);
    if (!place) continue;
    const rows = files.get(place.file) ?? [];
    rows.push({ row: place.row, task });
    files.set(place.file, rows);
  }
  return files;
}

/**
 * Whether files that were given to the page are those of a run: the files that its tasks name are among them, have the
 * rows, and these hold what the log says of them. Null, or a sentence that says what differs.
 * @param data how the knob `data` names what was given
 */
export async function differenceFromLog(
  api: Pick<DataApi, "open" | "row">,
  config: RunConfig,
  tasks: Iterable<Task>,
  data: string,
): Promise<string | null> {
  const opened = await api.open(data);
  const files = tasksByFile(tasks);
  for (const [file, rows] of files) {
    const source = opened.sources.findIndex(({ name }) => name === file);
    const found = opened.sources[source];
    if (!found) {
      const names = opened.sources.map(({ name }) => name);
      const others = opened.problems.length > 0 ? `; ${opened.problems.join("; ")}` : "";
      return `The run has tasks of ${file}, and what was dropped holds ${names.slice(0, 5).join(", ") || "no data"}${others}; drop ${file} as well`;
    }
    const last = rows.reduce((most, { row }) => Math.max(most, row), 0);
    if (last >= found.rows)
      return `The run has used row ${last} of ${file}, and the dropped file has ${counted(found.rows, "row")}; drop the file of the run`;
    for (const { row, task } of someOf(rows)) {
      const card = await api.row({ data, source, index: row }, config, false);
      const difference = differenceOf(task, card);
      if (difference !== null)
        return `Row ${row} of the dropped ${file} is another one than the run has seen: ${difference}; drop the file of the run`;
    }
  }
  return null;
}

/** The first, the last, and some between them, each row once. */
function someOf(rows: readonly { row: number; task: Task }[]): { row: number; task: Task }[] {
  const once = [...new Map(rows.map((one) => [one.row, one])).values()];
  const apart = Math.max(1, (once.length - 1) / (comparedRows - 1));
  const chosen = new Set(Array.from({ length: Math.min(comparedRows, once.length) }, (_, i) => Math.round(i * apart)));
  return once.filter((_, i) => chosen.has(i));
}

function differenceOf(task: Task, { asked, pictures, skip }: RowCard): string | null {
  if (!asked) return `it cannot be read (${skip?.why ?? "for an unknown reason"})`;
  const quoted = (text: string): string => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
  const unlike = (found: string, logged: string): boolean => logged !== leftOutText && found !== logged;
  if (unlike(asked.question, task.question))
    return `it asks ${quoted(asked.question)}, the log ${quoted(task.question)}`;
  if (unlike(asked.answer, task.answer))
    return `its answer is ${quoted(asked.answer)}, in the log ${quoted(task.answer)}`;
  if (skip === null && pictures.length !== task.imageSizesPx.length)
    return `it has ${counted(pictures.length, "picture")}, in the log ${task.imageSizesPx.length}`;
  for (const [i, { width, height }] of task.imageSizesPx.entries()) {
    const found = pictures[i];
    // Pictures with a side below what a model sees are enlarged, and models differ in that.
    if (!found || Math.min(found.width, found.height) < smallestSidePx) continue;
    if (found.sourceWidth !== width || found.sourceHeight !== height)
      return `its picture is ${found.sourceWidth} × ${found.sourceHeight}, in the log ${width} × ${height}`;
  }
  return null;
}
