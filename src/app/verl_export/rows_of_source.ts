import { offersTools } from "../../agent/tools/table.ts";
import { smartResize } from "../../image/smart_resize.ts";
import { writePng } from "../../image/write_png.ts";
import { rowOf, type VerlRow } from "../../interop/verl/export/task_rows.ts";
import type { FileTasks } from "../../tasks/sources/file_tasks.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import type { OpenedExport } from "./opened_export.ts";

/** Scenes that are rendered together. */
const scenesTogether = 64;

/** What tasks are written: those that are trained on, or those that are held out. */
export type Split = "train" | "heldout";

export const isFiles = (source: TaskSource | FileTasks): source is FileTasks => "trained" in source;

/** How many scenes to train on there are to render; null where the rows are those of files, which are counted as they are read. */
export const scenesToRender = ({ source, config }: OpenedExport, most?: number): number | null =>
  isFiles(source) ? null : Math.min(most ?? Number.POSITIVE_INFINITY, config.steps * config.tasksPerStep);

/**
 * Tasks in order: scenes as a run has them step by step, rows of files in the order of the files.
 * @param most  scenes, or rows of files; undefined: all steps' scenes, all rows
 */
export async function* tasksOf(opened: OpenedExport, split: Split, most?: number): AsyncGenerator<Task> {
  const { source, config } = opened;
  if (split === "heldout") {
    const count = isFiles(source) ? config.heldOutRows : config.evalTasks;
    yield* (await source.heldOut(Math.min(count, most ?? count))).slice(0, most);
    return;
  }
  if (isFiles(source)) {
    let taken = 0;
    for await (const task of source.trained()) {
      if (taken++ === most) return;
      yield task;
    }
    return;
  }
  const all = scenesToRender(opened, most) ?? 0;
  // A run takes them step by step; another count of tasks in a step would be other scenes.
  for (let step = 0, taken = 0; taken < all; step++) {
    const tasks = await source.take(step, config.tasksPerStep);
    yield* tasks.slice(0, all - taken);
    taken += tasks.length;
  }
}

/** Tasks as verl's rows, their pictures as files. `seen` gets each task. */
export async function* rowsOf(
  opened: OpenedExport,
  tasks: AsyncIterable<Task> | Iterable<Task>,
  split: string,
  seen: (task: Task) => void = () => {},
): AsyncGenerator<VerlRow> {
  let index = 0;
  let together: Promise<VerlRow>[] = [];
  for await (const task of tasks) {
    seen(task);
    together.push(rowWithPictures(opened, task, split, index++));
    if (together.length === (isFiles(opened.source) ? 1 : scenesTogether)) {
      yield* await Promise.all(together);
      together = [];
    }
  }
  yield* await Promise.all(together);
}

async function rowWithPictures(opened: OpenedExport, task: Task, split: string, index: number): Promise<VerlRow> {
  const { config, described, chat, view, source } = opened;
  const images = isFiles(source) ? await filesOf(source, task) : await pngsOf(source, task);
  const imageTokens = task.imageSizesPx.map(({ width, height }) => {
    const { widthPx, heightPx } = smartResize(height, width, view.limits, "transformers");
    return (widthPx / view.limits.factor) * (heightPx / view.limits.factor);
  });
  const { question, messages } = task;
  const asked = { question, messages, tools: offersTools(task, config) };
  const promptTokens = chat ? chat.prompt(asked, imageTokens).length : null;
  return { ...rowOf(task, config, described), images, index, split, promptTokens };
}

/** The files as they are where Pillow reads the same pixels from them; else PNG. */
async function filesOf(source: FileTasks, task: Task): Promise<Uint8Array[]> {
  const files = await source.plainFiles(task);
  if (files.every((file) => file !== null)) return files;
  const pixels = await source.pictures(task);
  return Promise.all(files.map((file, i) => file ?? writePng(pixels[i]!)));
}

async function pngsOf(source: TaskSource, task: Task): Promise<Uint8Array[]> {
  return Promise.all((await source.pictures(task)).map(writePng));
}
