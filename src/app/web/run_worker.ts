import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Platform, RunStore } from "../../platform.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { needlePictures } from "../../tasks/needle.ts";
import type { Task } from "../../tasks/task.ts";
import { resolveConfig } from "../../train/config.ts";
import type { TrainEvent, WarmupEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { Alternative, EventsFile, Opened, RunApi, StoredModel, StoredRun } from "../api.ts";
import { openTokenizer } from "../data/qwen_tokenizer.ts";
import type { DroppedFolder, GivenFile } from "../dropped_folder.ts";
import { configText, type RecordOptions, recordRun, reopenRun } from "../record.ts";
import { atCommits, runSources } from "../run_sources.ts";
import { type OpenSession, type Session, sameModel } from "../session.ts";
import { DataWorker } from "./data_worker.ts";
import { droppedPaths, expectDropped, recognise } from "./dropped_again.ts";
import { DroppedFiles } from "./dropped_files.ts";
import { readEventsFile } from "./events_file.ts";
import { JudgeWorker } from "./judge_worker.ts";
import { KeptWarmup } from "./kept_warmup.ts";
import { removeModel, storedModels } from "./model_store.ts";
import { freeName, runName } from "./run_name.ts";
import { openRunStore, removeRun, storedLog, storedRuns } from "./run_store.ts";
import { verdictStore } from "./verdict_store.ts";

/** The worker's half of the page: one session, one run or warm-up at a time, stored in this browser as it goes. */
export class RunWorker implements RunApi {
  readonly data: DataWorker;
  /** Has the keys that were entered, for the session as well. */
  readonly judge: JudgeWorker;
  readonly #verdicts = verdictStore();
  #session: Session | null = null;
  #trace = false;
  #store: RunStore | null = null;
  #run: AsyncGenerator<TrainEvent> | null = null;
  #warmup: KeptWarmup | null = null;
  #stopping = false;
  #stop = new AbortController();
  /** Settings of the run under way. */
  #running: RunConfig | null = null;
  /** What the session was opened with. */
  #openedWith: RunConfig | null = null;
  readonly #tokenizers = new Map<string, Promise<Tokenizer>>();

  constructor(
    readonly platform: Platform,
    readonly openSession: OpenSession,
    readonly dropped: DroppedFiles = new DroppedFiles(),
  ) {
    this.data = new DataWorker(platform);
    this.judge = new JudgeWorker((name) => this.#wholeEvents(name), {
      cache: this.#verdicts,
      tokenizer: (model) => this.#tokenizerOf(model),
    });
  }

  async drop(files: GivenFile[]): Promise<DroppedFolder[]> {
    const read = this.#running ? Object.values(droppedPaths(this.#running)).flat() : [];
    const isRead = (path: string) => read.some((one) => one === path || one.startsWith(`${path}/`));
    const found = await this.dropped.add(files, isRead);
    this.data.forget();
    await recognise(found, this.dropped, this.platform);
    // What is open may have been read from files that these replace.
    if (!this.#run && !this.#warmup && found.some(({ path }) => path === this.#session?.model.name)) {
      this.#session?.close();
      this.#session = null;
    }
    return found;
  }

  async open(config: RunConfig, { trace }: { trace: boolean }): Promise<Opened> {
    this.#trace = trace;
    const { adapter, software, model, notices } = await this.#openModel(config);
    const stored = await this.#resumable(config);
    return {
      adapter,
      software,
      model,
      notices,
      resumable: stored ? { name: stored.name, step: stored.step } : undefined,
    };
  }

  async start(wanted: RunConfig, { resume }: { resume: boolean }): Promise<string> {
    await this.#end();
    const config = await atCommits(wanted, this.platform);
    let session = await this.#openModel(config);
    session.expectTrainable();
    const stored = resume ? await this.#resumable(wanted) : null;
    if (resume && !stored)
      throw new Error("There is no unfinished run with these settings in this browser; press Start for a new one");
    const taken = new Set((await storedRuns()).map((run) => run.name));
    const name = stored?.name ?? freeName(runName(wanted), taken);
    const store = await openRunStore(name, config);
    try {
      let resumedAt = 0;
      let from: Pick<RecordOptions, "sources" | "metrics" | "notices">;
      if (stored) {
        const reopened = await reopenRun(store, { steps: config.steps }, this.platform);
        from = reopened;
        session = await this.#openModel(reopened.config);
        await session.reset(reopened.config);
        if (reopened.files) resumedAt = await session.restore(reopened.files);
        this.#running = reopened.config;
      } else {
        from = { sources: await runSources(config, this.platform) };
        await store.writeConfig(configText(config, from.sources));
        await session.reset(config);
        this.#running = config;
      }
      this.#store = store;
      this.#stopping = false;
      this.#stop = new AbortController();
      const { saveEvery } = config;
      const { signal } = this.#stop;
      const stopping = () => this.#stopping;
      this.#run = recordRun(session, store, { ...from, saveEvery, resumedAt, stopping, signal });
      return name;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async next(): Promise<TrainEvent | null> {
    if (!this.#run) return null;
    try {
      const next = await this.#run.next();
      // Nobody asks again after the end, and the run is not to stay locked
      if (next.done || next.value.type === "end") await this.#end();
      return next.done ? null : next.value;
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async change(changes: Partial<RunConfig>): Promise<void> {
    this.#session?.change(changes);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stop.abort();
    while ((await this.next()) !== null);
  }

  async pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    // Logs of early runs name no data.
    return config.data ? this.data.pictures(task, config) : needlePictures(task.id, config);
  }

  async texts(tokens: number[], model: string): Promise<string[]> {
    return (await this.#tokenizerOf(model)).texts(tokens);
  }

  async alternatives(rollout: Rollout, task: Task, config: RunConfig): Promise<Alternative[][]> {
    const session = this.#opened();
    const found = await session.likelihoods(rollout, task, config);
    return found.map((likelihoods) => {
      const texts = session.texts(likelihoods.map(({ token }) => token));
      return likelihoods.map((likelihood, i) => ({ ...likelihood, text: texts[i]! }));
    });
  }

  async profile(): Promise<string | null> {
    return this.#session?.profile() || null;
  }

  async startWarmup(config: RunConfig, { resume }: { resume: boolean }): Promise<void> {
    await this.#end();
    const { model } = resolveConfig({ preset: config.preset });
    // The stages begin with random weights: of the shipped variant they use the shape only, of the run not its files,
    // judge and adapter.
    const { data, judge, prompt, adapter, loraRank, maxPixels } = resolveConfig({});
    const plain = { data, judge, prompt, adapter, loraRank, maxPixels, klLossCoef: 0, klRewardCoef: 0 };
    const shape = { ...config, ...plain, model };
    const session = await this.#openModel(shape);
    this.#warmup = await KeptWarmup.begin(session, shape, resume);
  }

  async nextWarmup(): Promise<WarmupEvent | null> {
    if (!this.#warmup) return null;
    try {
      const event = await this.#warmup.next();
      if (event === null) await this.#end();
      return event;
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async stopWarmup(): Promise<void> {
    const warmup = this.#warmup;
    this.#warmup = null;
    await warmup?.stop();
  }

  models(): Promise<StoredModel[]> {
    return storedModels();
  }

  removeModel(name: string): Promise<void> {
    return removeModel(name);
  }

  async runs(): Promise<StoredRun[]> {
    return (await storedRuns()).map(({ config: _, ...run }) => run);
  }

  async events(name: string): Promise<EventsFile> {
    const log = await storedLog(name);
    if (log === "") throw new Error(`The run "${name}" holds no events; remove it or choose another`);
    return readEventsFile(`the run "${name}"`, log, "remove it or choose another");
  }

  remove(name: string): Promise<void> {
    return removeRun(name);
  }

  async exportModel(): Promise<{ name: string; bytes: Uint8Array }[]> {
    return this.#opened().exportFiles();
  }

  /** What would be told of a part of a log would be taken for the whole run. */
  async #wholeEvents(name: string): Promise<EventsFile> {
    const file = await this.events(name);
    if (file.leftOut > 0) throw new Error(`This run cannot be judged again as a whole: ${file.notices.join(". ")}`);
    return file;
  }

  #opened(): Session {
    if (!this.#session) throw new Error("The model is not open yet; wait for the adapter to be ready");
    return this.#session;
  }

  async #openModel(wanted: RunConfig): Promise<Session> {
    await expectDropped(wanted, this.dropped);
    const config = await atCommits(wanted, this.platform);
    if (this.#session && this.#openedWith && sameModel(this.#openedWith, config)) return this.#session;
    this.#session?.close();
    this.#session = null;
    this.#openedWith = config;
    const judgeAccess = { key: this.judge.keyOf, cache: this.#verdicts };
    this.#session = await this.openSession(this.platform, config, { trace: this.#trace, judgeAccess });
    return this.#session;
  }

  /** The newest stored run with these settings that has a checkpoint and has not made all its steps. */
  async #resumable(config: RunConfig): Promise<StoredRun | null> {
    const base = runName(config);
    const sameSettings = ({ name }: StoredRun) => name === base || name.startsWith(`${base} (`);
    return (await storedRuns()).find((run) => sameSettings(run) && run.step > 0 && run.step < config.steps) ?? null;
  }

  async #end(): Promise<void> {
    const [run, store] = [this.#run, this.#store];
    this.#run = this.#store = this.#running = null;
    await run?.return(undefined);
    await this.stopWarmup();
    await store?.close();
  }

  /** After an error: a lost device takes everything on it along, so the next start opens another. */
  async #giveUp(): Promise<void> {
    const warmup = this.#warmup;
    this.#warmup = null;
    warmup?.abandon();
    await this.#end();
    this.#session?.close();
    this.#session = null;
  }

  #tokenizerOf(model: string): Promise<Tokenizer> {
    const known = this.#tokenizers.get(model) ?? this.#readTokenizer(model);
    this.#tokenizers.set(model, known);
    // A folder that is not there now may be dropped again.
    known.catch(() => this.#tokenizers.delete(model));
    return known;
  }

  #readTokenizer(model: string): Promise<Tokenizer> {
    return openTokenizer(async (name) => {
      const path = `${model}/${name}`;
      return (await this.platform.assetSize(path)) === null ? null : this.platform.readAsset(path);
    });
  }
}
