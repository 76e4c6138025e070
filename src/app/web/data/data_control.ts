import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { PictureWays } from "../../../platform.ts";
import type { KnobName } from "../../../train/knobs.ts";
import type { Inspection } from "../../data/inspection.ts";
import type { OpenedData, RowCard, RowDetails } from "../../worker_api/data_api.ts";
import type { GivenFile } from "../../worker_api/dropped_folder.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import { isDropped } from "../browser/dropped_files.ts";
import { tokenizerAddresses } from "../run/fetched_addresses.ts";
import type { GivenFiles } from "../run/given_files.ts";
import type { Store } from "../run/store.ts";
import type { PromptView } from "./prompt_tokens.tsx";

/** Rows on one page of the browser. */
export const pageRows = 12;
/** Rows that are inspected unprompted: a data set may have thousands, behind a network. */
export const firstRows = 64;

/** Knobs that decide what becomes of a row. */
const rowKnobs: readonly KnobName[] = [
  "model",
  "charts",
  "textOnly",
  "maxPixels",
  "maxSourcePixels",
  "pictureMemory",
  "maxPromptTokens",
  "prompt",
  "tools",
  "rotate",
  "toolRows",
  "zoom",
];

/** How far a source has been looked through. */
export interface Looked {
  /** Rows so far, of those that were asked for. */
  rows: number;
  of: number;
  /** Null until it is over. */
  found: Inspection | null;
  headersOnly: boolean;
  /** `rowSettings` at the time. */
  rowSettings: string;
}

/** The page's half of the browser of samples: what is open, what is looked at. */
export class DataControl {
  /** What stands in the field for addresses. */
  readonly typed: Signal<string> = signal("");
  /** What was opened last, and by which text. */
  readonly opened: Signal<(OpenedData & { data: string }) | null> = signal(null);
  readonly opening: Signal<boolean> = signal(false);
  readonly problem: Signal<string | null> = signal(null);
  readonly source: Signal<number> = signal(0);
  readonly firstRow: Signal<number> = signal(0);
  readonly cards: Signal<ReadonlyMap<number, RowCard>> = signal(new Map());
  /** The row that is open, null for the list. */
  readonly row: Signal<number | null> = signal(null);
  readonly details: Signal<{ row: number; rowSettings: string; found: RowDetails } | null> = signal(null);
  readonly promptView: Signal<PromptView> = signal("tokens");
  readonly looked: Signal<ReadonlyMap<number, Looked>> = signal(new Map());
  /** A remote model whose tokenizer the person agreed to fetch. */
  readonly fetchedModel: Signal<string | null> = signal(null);
  readonly withModel: ReadonlySignal<boolean>;
  /** Every setting that decides what becomes of a row, as one text. */
  readonly rowSettings: ReadonlySignal<string>;
  readonly dropping: Signal<boolean> = signal(false);
  /** What decodes picture files here; null until it is known. */
  readonly pictureWays: Signal<PictureWays | null> = signal(null);
  readonly #api: RunApi;
  readonly #store: Store;
  readonly #givenFiles: GivenFiles;
  readonly #reopen: () => Promise<void>;
  #listing = 0;
  #looking = 0;

  /** @param reopen  opens the model and looks for stored runs, where no run is under way */
  constructor(api: RunApi, store: Store, givenFiles: GivenFiles, reopen: () => Promise<void>) {
    this.#api = api;
    this.#store = store;
    this.#givenFiles = givenFiles;
    this.#reopen = reopen;
    this.withModel = computed(() => {
      const { model } = store.config.value;
      return tokenizerAddresses(model).length === 0 || this.fetchedModel.value === model;
    });
    this.rowSettings = computed(() => {
      const config = store.config.value;
      return JSON.stringify([this.withModel.value, ...rowKnobs.map((name) => config[name])]);
    });
  }

  /** The source that is chosen. @throws Error where none is open: its views must not be on the page then */
  get chosen(): OpenedData["sources"][number] {
    const chosen = this.opened.value?.sources[this.source.value];
    if (!chosen) throw new Error("Expected open data, found none; open data first");
    return chosen;
  }

  /** Opens what a text names: fetches what lies elsewhere. */
  async open(data: string): Promise<void> {
    if (this.opening.peek()) return;
    this.opening.value = true;
    this.problem.value = null;
    try {
      const opened = await this.#api.data.open(data);
      if (opened.sources.length === 0) this.problem.value = opened.problems.join("; ");
      else this.#show({ ...opened, data });
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.opening.value = false;
    }
  }

  /** Takes files that a person dropped or chose; data is opened at once, since nothing is fetched for it. */
  async drop(reading: GivenFile[] | Promise<GivenFile[]>): Promise<void> {
    this.dropping.value = true;
    this.problem.value = null;
    try {
      const found = await this.#givenFiles.take(await reading);
      const data = found.filter(({ kind, usable }) => kind === "data" && usable);
      if (data.length > 0) await this.open(data.map(({ path }) => path).join(","));
      // A run may have waited for these files since the page was loaded.
      const { data: named, model, adapter } = this.#store.config.peek();
      if ([...named.split(","), model, adapter].some((path) => isDropped(path.trim()))) await this.#reopen();
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.dropping.value = false;
    }
  }

  close(): void {
    this.#stopLooking();
    this.#listing++;
    this.opened.value = null;
    this.problem.value = null;
    this.row.value = null;
  }

  #show(opened: OpenedData & { data: string }): void {
    this.opened.value = opened;
    this.looked.value = new Map();
    this.choose(0);
  }

  choose(source: number): void {
    this.source.value = source;
    this.firstRow.value = 0;
    this.row.value = null;
    this.cards.value = new Map();
  }

  /** Reads the rows of the page shown, one after the other, until another page is wanted. */
  async list(): Promise<void> {
    const listing = ++this.#listing;
    const opened = this.opened.peek();
    if (!opened) return;
    const source = this.source.peek();
    const from = this.firstRow.peek();
    const to = Math.min(from + pageRows, opened.sources[source]?.rows ?? 0);
    this.cards.value = new Map();
    const config = this.#store.config.peek();
    for (let index = from; index < to; index++) {
      const place = { data: opened.data, source, index };
      let card: RowCard;
      try {
        card = await this.#api.data.row(place, config, this.withModel.peek());
      } catch (error) {
        const skip = { kind: "row unreadable" as const, why: (error as Error).message };
        card = { asked: null, pictures: [], promptTokens: null, skip, thumbnail: null };
      }
      if (listing !== this.#listing) return;
      this.cards.value = new Map([...this.cards.peek(), [index, card]]);
    }
  }

  /** Reads all of the row that is open. */
  async readRow(): Promise<void> {
    const opened = this.opened.peek();
    const row = this.row.peek();
    if (!opened || row === null) return;
    const rowSettings = this.rowSettings.peek();
    const place = { data: opened.data, source: this.source.peek(), index: row };
    try {
      const found = await this.#api.data.details(place, this.#store.config.peek(), this.withModel.peek());
      if (this.row.peek() === row && this.rowSettings.peek() === rowSettings)
        this.details.value = { row, rowSettings, found };
    } catch (error) {
      this.#store.notices.error(error);
    }
  }

  /** Looks through the first rows of the source shown, or through all of them by their headers. */
  async look({ all }: { all: boolean }): Promise<void> {
    const looking = ++this.#looking;
    const opened = this.opened.peek();
    if (!opened) return;
    const source = this.source.peek();
    const rows = opened.sources[source]?.rows ?? 0;
    const of = all ? rows : Math.min(rows, firstRows);
    const headersOnly = of > firstRows;
    const rowSettings = this.rowSettings.peek();
    const report = (now: { rows: number; found: Inspection | null }): void => {
      this.looked.value = new Map([...this.looked.peek(), [source, { ...now, of, headersOnly, rowSettings }]]);
    };
    report({ rows: 0, found: null });
    try {
      if (!this.pictureWays.peek()) this.#askWays();
      await this.#api.data.startInspection({ data: opened.data, source }, this.#store.config.peek(), {
        rows: of,
        headersOnly,
        withModel: this.withModel.peek(),
      });
      while (looking === this.#looking) {
        const { progress, result } = await this.#api.data.nextInspection();
        if (looking !== this.#looking) return;
        report({ rows: progress, found: result });
        if (result === null) continue;
        this.#askWays();
        return;
      }
    } catch (error) {
      if (looking === this.#looking) this.#store.notices.error(error);
    }
  }

  /** Ends the look through all rows; what has been seen is shown. */
  async stop(): Promise<void> {
    await this.#api.data.stopInspection();
  }

  /** Rows do not wait for it. */
  #askWays(): void {
    this.#api.data.pictureWays().then(
      (ways) => {
        this.pictureWays.value = ways;
      },
      (error) => this.#store.notices.error(error),
    );
  }

  #stopLooking(): void {
    this.#looking++;
    void this.#api.data.stopInspection();
  }
}
