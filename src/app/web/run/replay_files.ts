import { effect, type Signal, signal } from "@preact/signals";
import type { Rollout } from "../../../agent/rollout.ts";
import { type Fingerprint, otherSources } from "../../../tasks/fingerprint.ts";
import { pathsIn } from "../../data/data_paths.ts";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { GivenFiles } from "./given_files.ts";
import type { Pictures } from "./pictures.ts";
import type { ReplayControl } from "./replay_control.ts";
import { nameOf } from "./run_needs.ts";
import type { StepRecord } from "./run_state.ts";
import { differenceFromLog } from "./stand_in.ts";
import type { Replay, Store } from "./store.ts";
import { imageText, type TokenTexts } from "./token_texts.ts";

/** What of the page this needs. */
export interface ReplayFilesParts {
  api: RunApi;
  store: Store;
  replay: ReplayControl;
  givenFiles: GivenFiles;
  pictures: Pictures;
  texts: TokenTexts;
}

/**
 * Takes what a person drops in the place of the local files of the run that is shown: data for its pictures, a model's
 * folder for the texts of its tokens. Nothing is taken that the log contradicts.
 */
export class ReplayFiles {
  readonly checking: Signal<boolean> = signal(false);
  /** Why what was dropped last was not taken. */
  readonly problem: Signal<string | null> = signal(null);
  readonly #page: ReplayFilesParts;
  #seen: string | null = null;

  constructor(page: ReplayFilesParts) {
    this.#page = page;
    effect(() => {
      const replay = page.store.replay.value;
      const shown = replay && `${replay.link} ${replay.state.head?.startedAt}`;
      if (shown === this.#seen) return;
      this.#seen = shown;
      this.problem.value = null;
      if (replay) queueMicrotask(() => void this.#tryPresent());
    });
  }

  /** Whether the run that is shown waits for files, and so what is dropped is for it. */
  get wants(): boolean {
    const lookup = this.#page.store.lookup.peek();
    return lookup !== null && (lookup.dataFiles.length > 0 || lookup.modelFolder !== null);
  }

  /** Takes what was dropped. False where it is of no use to the run: it may be meant for something else. */
  async offer(files: GivenFile[]): Promise<boolean> {
    const found = await this.#page.givenFiles.take(files);
    const taken = [await this.#offerData(found), await this.#offerModel(found)];
    return taken.includes(true);
  }

  /** Files that were dropped before the run was opened, under the names that it knows. */
  async #tryPresent(): Promise<void> {
    const { store, givenFiles } = this.#page;
    const config = store.runConfig.peek();
    if (!config || !this.wants) return;
    const present = (path: string): DroppedFolder[] => givenFiles.found.peek().filter((folder) => folder.path === path);
    const paths = pathsIn(config.data);
    if (paths.length > 0 && paths.every((path) => present(path).length > 0))
      await this.#offerData(paths.flatMap(present));
    await this.#offerModel(present(config.model));
  }

  async #offerData(found: readonly DroppedFolder[]): Promise<boolean> {
    const { api, store, replay, pictures } = this.#page;
    const usable = found.filter(({ kind, usable }) => kind === "data" && usable);
    const config = store.runConfig.peek();
    if (!config || usable.length === 0 || store.lookup.peek()?.dataFiles.length === 0) return false;
    const data = asNamed(usable, config.data).join(",");
    await this.#check(async (current) => {
      const difference =
        (await differenceFromLog(api.data, config, replay.tasks(), data)) ?? (await this.#differenceFromPrints(data));
      if (!current() || difference !== null) return difference;
      pictures.forget();
      replay.standIn({ data });
      return null;
    });
    return true;
  }

  /** What the run's own fingerprint of its data says of them: also of what no task of the log has shown. */
  async #differenceFromPrints(data: string): Promise<string | null> {
    const { api, store } = this.#page;
    const stored = store.replay.peek()?.state.head?.sources ?? [];
    if (!stored.some(({ knob }) => knob === "data")) return null;
    const found = await api.data.fingerprints({ data, model: "", adapter: "" });
    // Samples of a large file are taken otherwise where its server gives parts only.
    const alike = ({ knob, covers }: Fingerprint) =>
      knob === "data" && found.some((print) => print.knob === knob && print.covers === covers);
    return otherSources(stored, found, alike);
  }

  async #offerModel(found: readonly DroppedFolder[]): Promise<boolean> {
    const { api, store, replay, texts } = this.#page;
    const folder = found.find(({ kind }) => kind === "model");
    if (!folder || store.lookup.peek()?.modelFolder == null) return false;
    await this.#check(async (current) => {
      const rollout = firstRollout(store.shown.peek().steps);
      const prompt = rollout?.segments.find(({ images }) => images.length > 0);
      const tokens = prompt ? await api.texts(prompt.tokens, folder.path) : await api.texts([0], folder.path);
      if (!current()) return null;
      if (prompt && !tokens.includes(imageText))
        return `In the run's prompt the tokenizer of ${folder.path.slice("dropped/".length)} finds no picture, so it is another one; drop the folder of the model that the run was made with`;
      texts.forget();
      replay.standIn({ model: folder.path });
      return null;
    });
    return true;
  }

  /** `work` says what is wrong, null where nothing is; `current` whether the same run is still shown. */
  async #check(work: (current: () => boolean) => Promise<string | null>): Promise<void> {
    const { store } = this.#page;
    const id = (replay: Replay | null) => replay && `${replay.link} ${replay.state.head?.startedAt}`;
    const mine = id(store.replay.peek());
    const current = (): boolean => id(store.replay.peek()) === mine;
    this.checking.value = true;
    this.problem.value = null;
    try {
      const problem = await work(current);
      if (current()) this.problem.value = problem;
    } catch (error) {
      if (current()) this.problem.value = (error as Error).message;
    } finally {
      this.checking.value = false;
    }
  }
}

/** The paths of what was dropped in the order in which the run names its data, where all of it is among them. */
function asNamed(usable: readonly DroppedFolder[], data: string): string[] {
  const own = pathsIn(data).map((path) => usable.find((folder) => nameOf(folder.path) === nameOf(path)));
  return (own.length > 0 && own.every((folder) => folder !== undefined) ? own : usable).map(({ path }) => path);
}

/** Any rollout of a run. */
function firstRollout(steps: readonly StepRecord[]): Rollout | null {
  for (const { groups } of steps) for (const group of groups) if (group?.[0]) return group[0];
  return null;
}
