import type { Pixels } from "../../image/pixels.ts";
import { readJson } from "../../model/load.ts";
import type { Platform, RunStore } from "../../platform.ts";
import { Tokenizer } from "../../policy/tokenizer.ts";
import { needlePictures } from "../../tasks/needle.ts";
import type { Task } from "../../tasks/task.ts";
import { type RunConfig, resolveConfig } from "../../train/config.ts";
import type { TrainEvent, WarmupEvent } from "../../train/events.ts";
import type { Opened, RunApi, StoredRun } from "../api.ts";
import { configText, recordRun, reopenRun } from "../record.ts";
import type { OpenSession, Session } from "../session.ts";
import { freeName, runName } from "./run_name.ts";
import { openRunStore, removeRun, storedLog, storedRuns } from "./run_store.ts";

/** The worker's half of the page: one session, one run at a time, stored in this browser as it goes. */
export class RunWorker implements RunApi {
  #session: Session | null = null;
  #store: RunStore | null = null;
  #run: AsyncGenerator<TrainEvent> | null = null;
  #warmup: AsyncGenerator<WarmupEvent> | null = null;
  #stopping = false;
  #tokenizer: Promise<Tokenizer> | null = null;

  constructor(
    readonly platform: Platform,
    readonly openSession: OpenSession,
    readonly trace: boolean,
  ) {}

  async open(config: RunConfig): Promise<Opened> {
    const session = await this.#openModel(config);
    const { adapter, software, model } = session;
    return { adapter, software, model, resumableStep: (await this.#resumable(config))?.step };
  }

  async start(config: RunConfig, { resume }: { resume: boolean }): Promise<void> {
    await this.#end();
    let session = await this.#openModel(config);
    const stored = resume ? await this.#resumable(config) : null;
    if (resume && !stored) throw new Error("There is no unfinished run with these settings in this browser; press Start for a new one");
    const taken = new Set((await storedRuns()).map((run) => run.name));
    const store = await openRunStore(stored?.name ?? freeName(runName(config), taken), config);
    try {
      let resumedAt = 0;
      if (stored) {
        const reopened = await reopenRun(store, { steps: config.steps });
        session = await this.#openModel(reopened.config);
        await session.reset(reopened.config);
        if (reopened.files) resumedAt = await session.restore(reopened.files);
      } else {
        await store.writeConfig(configText(config));
        await session.reset(config);
      }
      this.#store = store;
      this.#stopping = false;
      this.#run = recordRun(session, store, { saveEvery: config.saveEvery, resumedAt, stopping: () => this.#stopping });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async next(): Promise<TrainEvent | null> {
    if (!this.#run) return null;
    try {
      const next = await this.#run.next();
      if (next.done) await this.#end();
      return next.done ? null : next.value;
    } catch (error) {
      await this.#end();
      // A lost device takes everything on it along; the next start opens another.
      this.#session = null;
      throw error;
    }
  }

  async change(changes: Partial<RunConfig>): Promise<void> {
    this.#session?.change(changes);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    while ((await this.next()) !== null);
  }

  async pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    return needlePictures(task.id, config);
  }

  async texts(tokens: number[]): Promise<string[]> {
    this.#tokenizer ??= this.#readTokenizer();
    return (await this.#tokenizer).texts(tokens);
  }

  async startWarmup({ seed, rows }: { seed: number; rows: number }): Promise<void> {
    await this.#end();
    const session = this.#session;
    if (!session) throw new Error("The model is not open yet; wait for the adapter to be ready");
    await session.reset(resolveConfig({ preset: "needle", seed, warmupRows: rows }));
    this.#warmup = session.warmup();
  }

  async nextWarmup(): Promise<WarmupEvent | null> {
    const next = await this.#warmup?.next();
    if (!next || next.done) this.#warmup = null;
    return next && !next.done ? next.value : null;
  }

  async runs(): Promise<StoredRun[]> {
    return (await storedRuns()).map(({ config: _, ...run }) => run);
  }

  async events(name: string): Promise<TrainEvent[]> {
    const lines = (await storedLog(name)).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as TrainEvent);
  }

  remove(name: string): Promise<void> {
    return removeRun(name);
  }

  async exportModel(): Promise<{ name: string; bytes: Uint8Array }[]> {
    if (!this.#session) throw new Error("The model is not open yet; wait for the adapter to be ready");
    return this.#session.exportFiles();
  }

  async #openModel(config: RunConfig): Promise<Session> {
    if (this.#session?.model.name === config.model) return this.#session;
    this.#session?.close();
    this.#session = null;
    this.#session = await this.openSession(this.platform, config, { trace: this.trace });
    return this.#session;
  }

  /** The newest stored run with these settings that has a checkpoint and has not made all its steps. */
  async #resumable(config: RunConfig): Promise<StoredRun | null> {
    const base = runName(config);
    const sameSettings = ({ name }: StoredRun) => name === base || name.startsWith(`${base} (`);
    return (await storedRuns()).find((run) => sameSettings(run) && run.step > 0 && run.step < config.steps) ?? null;
  }

  async #end(): Promise<void> {
    const [run, warmup, store] = [this.#run, this.#warmup, this.#store];
    this.#run = this.#warmup = this.#store = null;
    await run?.return(undefined);
    await warmup?.return(undefined);
    await store?.close();
  }

  async #readTokenizer(): Promise<Tokenizer> {
    const files = {
      read: (name: string) => this.platform.readAsset(`needle/${name}`),
      sizeBytes: (name: string) => this.platform.assetSize(`needle/${name}`),
    };
    return new Tokenizer(await readJson(files, "tokenizer.json"));
  }
}
