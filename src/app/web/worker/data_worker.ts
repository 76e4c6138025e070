import type { Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import type { PictureWays, Platform } from "../../../platform.ts";
import type { Fingerprint } from "../../../tasks/fingerprint.ts";
import { decodedBytes, readPicture } from "../../../tasks/rows/picture_budget.ts";
import type { Row, RowSource } from "../../../tasks/rows/row.ts";
import type { Surveyed, SurveySettings } from "../../../tasks/rows/survey.ts";
import { type FileTasks, lookAt } from "../../../tasks/sources/file_tasks.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { type Inspection, inspect } from "../../data/inspection.ts";
import { openRunTasks } from "../../data/run_tasks.ts";
import { filesAt, openSource } from "../../data/sources.ts";
import { type NamedSources, runSources } from "../../run/run_sources.ts";
import type { DataApi, OpenedData, RowCard, RowDetails, RowPlace } from "../../worker_api/data_api.ts";
import type { TaskProgress } from "../../worker_api/judge_api.ts";
import { columnTexts } from "./column_texts.ts";
import { LongTask } from "./long_task.ts";
import { RowReader } from "./row_reader.ts";

const thumbnailPx = 240;
/** Larger pictures are made this small for the page; boxes are given in shares of a side. */
const shownPx = 1_280;

/** The worker's half of the browser of samples. It opens sources of its own: a run has others. */
export class DataWorker implements DataApi {
  readonly #platform: Platform;
  #opened: { data: string; sources: RowSource[] } | null = null;
  #reader: { model: string | null; reader: Promise<RowReader> } | null = null;
  #tasks: { key: string; tasks: Promise<FileTasks> } | null = null;
  #inspection: LongTask<number, Inspection> | null = null;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async open(data: string): Promise<OpenedData> {
    const paths = pathsIn(data);
    if (paths.length === 0) throw new Error("Expected files, a folder, an address or a data set, found none; name one");
    const problems: string[] = [];
    // One that cannot be opened costs its sentence, the others are shown all the same.
    const tried = async <T>(work: () => Promise<T[]>): Promise<T[]> => {
      try {
        return await work();
      } catch (error) {
        problems.push((error as Error).message);
        return [];
      }
    };
    const sources: RowSource[] = [];
    for (const path of paths)
      for (const file of await tried(() => filesAt(path, this.#platform)))
        sources.push(...(await tried(async () => [await openSource(file, this.#platform)])));
    this.#opened = { data, sources };
    return { sources: sources.map(({ name, kind, rows }) => ({ name, kind, rows })), problems };
  }

  async startInspection(
    { data, source }: Omit<RowPlace, "index">,
    config: RunConfig,
    { rows, headersOnly, withModel }: { rows: number; headersOnly: boolean; withModel: boolean },
  ): Promise<void> {
    this.#inspection?.stop();
    const [whole, reader] = await Promise.all([this.#source(data, source), this.#read(config, withModel)]);
    const first: RowSource = { ...whole, rows: Math.min(rows, whole.rows), row: (index) => whole.row(index) };
    this.#inspection = new LongTask(0, (report, signal) =>
      inspect(first, reader.settings(config), { headersOnly, progress: report, stopping: () => signal.aborted }),
    );
  }

  async nextInspection(): Promise<TaskProgress<number, Inspection>> {
    if (!this.#inspection) throw new Error("No source is being looked through; start it");
    return this.#inspection.next();
  }

  async stopInspection(): Promise<void> {
    this.#inspection?.stop();
  }

  async row({ data, source, index }: RowPlace, config: RunConfig, withModel: boolean): Promise<RowCard> {
    const [rows, reader] = await Promise.all([this.#source(data, source), this.#read(config, withModel)]);
    const { row, found, pixels } = await look(rows, index, reader.settings(config));
    return cardOf(row, found, pixels[0]);
  }

  async details({ data, source, index }: RowPlace, config: RunConfig, withModel: boolean): Promise<RowDetails> {
    const [rows, reader] = await Promise.all([this.#source(data, source), this.#read(config, withModel)]);
    const { row, found, pixels } = await look(rows, index, reader.settings(config));
    return {
      card: cardOf(row, found, pixels[0]),
      columns: row ? columnTexts(row.columns) : [],
      messages: row?.messages ?? [],
      shown: pixels.map((picture) => within(picture, shownPx)),
      goldBoxFilePx: row?.goldBoxSourcePx ?? null,
      ...(row
        ? reader.prompt(
            row,
            found.pictures.map(({ imageTokens }) => imageTokens),
            config,
          )
        : { prompt: null, promptProblem: null }),
    };
  }

  fingerprints(named: NamedSources): Promise<Fingerprint[]> {
    return runSources(named, this.#platform);
  }

  async pictureWays(): Promise<PictureWays | null> {
    return (await this.#platform.pictures?.ways()) ?? null;
  }

  /** What was opened may have been read from files that others have replaced. */
  forget(): void {
    this.#opened = null;
    this.#reader = null;
    this.#tasks = null;
  }

  /** The pictures of a task of files, as the run of the configuration has them as sources. */
  async pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    const { data, model, maxPixels, maxSourcePixels, pictureMemory, charts } = config;
    const key = JSON.stringify([data, model, maxPixels, maxSourcePixels, pictureMemory, charts]);
    if (this.#tasks?.key !== key) this.#tasks = { key, tasks: this.#runTasks(config) };
    return (await this.#tasks.tasks).pictures(task);
  }

  async #runTasks(config: RunConfig): Promise<FileTasks> {
    // No name: the model's files are not available.
    const reader = await this.#read(config, config.model !== "");
    return openRunTasks(config, this.#platform, reader.limits(config));
  }

  async #source(data: string, index: number): Promise<RowSource> {
    if (this.#opened?.data !== data) await this.open(data);
    const { sources } = this.#opened!;
    const source = sources[index];
    if (!source)
      throw new Error(`Expected a source of "${data}" below ${sources.length}, found ${index}; open it again`);
    return source;
  }

  #read(config: RunConfig, withModel: boolean): Promise<RowReader> {
    const model = withModel ? config.model : null;
    if (this.#reader?.model !== model) this.#reader = { model, reader: RowReader.open(this.#platform, model) };
    return this.#reader!.reader;
  }
}

/** A row that is left out is shown all the same where its pictures may be decoded. */
async function look(
  source: RowSource,
  index: number,
  settings: SurveySettings,
): Promise<{ row: Row | null; found: Surveyed; pixels: Pixels[] }> {
  const { row, found } = await lookAt(source, index, settings);
  const mayDecode = ["chart", "pictures and placeholders differ", "prompt too long"];
  if (!row || !found.skip || !mayDecode.includes(found.skip.kind)) return { row, found, pixels: found.pixels };
  const pixels: Pixels[] = [];
  const bytes = found.pictures.reduce((sum, header) => sum + decodedBytes(header), 0);
  if (bytes > settings.budget.memoryBytes) return { row, found, pixels };
  for (const file of await row.pictures()) {
    const picture = await readPicture(file, settings.budget, settings.pictures).catch(() => null);
    if (picture) pixels.push(picture.pixels);
  }
  return { row, found, pixels };
}

function cardOf(row: Row | null, found: Surveyed, picture: Pixels | undefined): RowCard {
  const { pictures, promptTokens, skip } = found;
  return {
    asked: row && {
      question: row.question,
      answer: row.answer,
      dataSource: row.dataSource,
      envName: row.envName,
    },
    pictures,
    promptTokens,
    skip,
    thumbnail: picture ? within(picture, thumbnailPx) : null,
  };
}

/** The picture with no side longer than this many pixels. */
function within(picture: Pixels, mostPx: number): Pixels {
  const share = mostPx / Math.max(picture.width, picture.height);
  if (share >= 1) return picture;
  const side = (px: number) => Math.max(1, Math.round(px * share));
  return resize(picture, side(picture.width), side(picture.height), { filter: "bilinear" });
}
