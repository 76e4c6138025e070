import { transfer } from "comlink";
import type { Pixels } from "../../../image/pixels.ts";
import type { Platform } from "../../../platform.ts";
import { needlePictures } from "../../../tasks/sources/needle.ts";
import type { Task } from "../../../tasks/task.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { TrainEvent, WarmupEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunMemory } from "../../memory/run_memory.ts";
import { type CurveEvent, curveEvents, isCurveEvent } from "../../run/curve_events.ts";
import type { OpenSession, Session } from "../../session/session.ts";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import { type Asked, EventBatches } from "../../worker_api/event_batches.ts";
import type {
  CachedWeights,
  EventsFile,
  ExportedModel,
  Opened,
  RunApi,
  StoredModel,
  StoredRun,
} from "../../worker_api/run_api.ts";
import type { RunFilesApi } from "../../worker_api/run_files_api.ts";
import { DroppedFiles } from "../browser/dropped_files.ts";
import { readEventsFile } from "../browser/events_file.ts";
import { DataWorker } from "./data_worker.ts";
import { StorageFull } from "./database.ts";
import { droppedPaths, recognise } from "./dropped_again.ts";
import { type HubParts, HubWorker } from "./hub_worker.ts";
import { JudgeWorker } from "./judge_worker.ts";
import { removeModel, storedModels } from "./model_store.ts";
import { OpenModels } from "./open_models.ts";
import { RecordsWorker } from "./records_worker.ts";
import { resumableRun } from "./resumable_run.ts";
import { RolloutWorker } from "./rollout_worker.ts";
import { runFilesLater } from "./run_files_later.ts";
import { removeRun, storedLog, storedRuns, storedSettings } from "./run_store.ts";
import { storedExport } from "./stored_export.ts";
import { StoredRunWriter } from "./stored_run.ts";
import type { StoredWarmupWriter } from "./stored_warmup.ts";
import { verdictStore } from "./verdict_store.ts";
import { WeightsBeside } from "./weights_beside.ts";

/** The worker's half of the page: one session, one run or warm-up at a time, stored in this browser as it goes. */
export class RunWorker implements RunApi {
  readonly data: DataWorker;
  /** Has the keys that were entered, for the session as well. */
  readonly judge: JudgeWorker;
  readonly hub: HubWorker;
  readonly rollouts: RolloutWorker;
  readonly files: RunFilesApi;
  readonly records = new RecordsWorker();
  readonly #verdicts = verdictStore();
  readonly #models: OpenModels;
  /** Other weights than those that are trained, for questions about rollouts. */
  readonly #beside: WeightsBeside;
  /** Stays here when it is over, as long as its weights are in the session. */
  #run: StoredRunWriter | null = null;
  /** Its events on their way to the page. */
  #batches: { run: StoredRunWriter; batches: EventBatches<TrainEvent> } | null = null;
  #warmup: StoredWarmupWriter | null = null;
  /** Counts questions about memory, and what makes the last one stale. */
  #asked = 0;

  constructor(
    readonly platform: Platform,
    readonly openSession: OpenSession,
    readonly dropped: DroppedFiles = new DroppedFiles(),
    readonly network: HubParts | null = null,
  ) {
    this.hub = new HubWorker(platform, network);
    this.data = new DataWorker(platform);
    this.files = runFilesLater(platform, dropped, (model) => this.#models.tokenizer(model));
    this.judge = new JudgeWorker((name) => this.#wholeEvents(name), {
      cache: this.#verdicts,
      tokenizer: (model) => this.#models.tokenizer(model),
    });
    this.#models = new OpenModels(platform, dropped, (config, options) =>
      openSession(platform, config, { ...options, judgeAccess: { key: this.judge.keyOf, cache: this.#verdicts } }),
    );
    this.#beside = new WeightsBeside(() => this.#models.opened());
    this.rollouts = new RolloutWorker(this.#beside, (work) => this.#between(work), {
      platform,
      pictures: (task, wanted) => this.pictures(task, wanted),
      keyOf: this.judge.keyOf,
    });
  }

  async drop(files: GivenFile[]): Promise<DroppedFolder[]> {
    const read = this.#run && !this.#run.over ? Object.values(droppedPaths(this.#run.latest)).flat() : [];
    const isRead = (path: string) => read.some((one) => one === path || one.startsWith(`${path}/`));
    const found = await this.dropped.add(files, isRead);
    this.data.forget();
    await recognise(found, this.dropped, this.platform);
    // What is open may have been read from files that these replace.
    if (
      (!this.#run || this.#run.over) &&
      !this.#warmup &&
      found.some(({ path }) => path === this.#models.session?.model.name)
    ) {
      this.#closeSession();
    }
    return found;
  }

  async open(config: RunConfig, { trace }: { trace: boolean }): Promise<Opened> {
    this.#models.trace = trace;
    const session = await this.#openModel(config);
    const { adapter, software, model, notices } = session;
    const productSeconds = software && !this.#run ? await session.productSeconds?.() : undefined;
    const stored = await resumableRun(config);
    return {
      adapter,
      software,
      ...(productSeconds !== undefined && { productSeconds }),
      model,
      notices: [...notices, ...(this.network?.weights.problem ? [this.network.weights.problem] : [])],
      resumable: stored ? { name: stored.name, step: stored.savedStep } : undefined,
    };
  }

  async memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory> {
    // What it imports of models and training comes with the session.
    const { runMemory } = await import("../../memory/run_memory.ts");
    const asked = ++this.#asked;
    const stopping = () => asked !== this.#asked;
    return runMemory(config, this.platform, { memoryBytes, mayFetch: false, stopping });
  }

  async start(config: RunConfig): Promise<string> {
    this.#asked++;
    await this.#endRun();
    this.#run = null;
    this.#run = await StoredRunWriter.begin((wanted) => this.#openModel(wanted), this.platform, config);
    this.rollouts.lists.begin(this.#run.name);
    return this.#run.name;
  }

  async resume(name: string, changes: Partial<RunConfig> = {}): Promise<RunConfig> {
    this.#asked++;
    await this.#endRun();
    this.#run = null;
    this.#run = await StoredRunWriter.resume((wanted) => this.#openModel(wanted), this.platform, name, changes);
    this.rollouts.lists.begin(name);
    return this.#run.latest;
  }

  async next(): Promise<TrainEvent | null> {
    const run = this.#run;
    return run ? this.#nextOf(run) : null;
  }

  async nextEvents(asked: Asked): Promise<TrainEvent[] | null> {
    const run = this.#run;
    if (!run) return null;
    if (this.#batches?.run !== run) this.#batches = { run, batches: new EventBatches(() => this.#nextOf(run)) };
    return this.#batches.batches.next(asked);
  }

  async nextCurveEvents(asked: Asked): Promise<CurveEvent[] | null> {
    return (await this.nextEvents(asked))?.filter(isCurveEvent) ?? null;
  }

  async change(changes: Partial<RunConfig>): Promise<void> {
    await this.#run?.change(changes);
  }

  async save(): Promise<TrainEvent | null> {
    const run = this.#run;
    return run ? this.#guarded(() => run.save()) : null;
  }

  async stop(): Promise<void> {
    const run = this.#run;
    if (run) await this.#guarded(() => run.stop());
  }

  async pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    // Logs of early runs name no data.
    if (config.data) return this.data.pictures(task, config);
    const pictures = (await this.#models.session?.scenePictures?.(task, config)) ?? needlePictures(task.id, config);
    return transfer(
      pictures,
      pictures.map(({ data }) => data.buffer as ArrayBuffer),
    );
  }

  async texts(tokens: number[], model: string): Promise<string[]> {
    return (await this.#models.tokenizer(model)).texts(tokens);
  }

  async profile(): Promise<string | null> {
    const { session } = this.#models;
    const kernels = session?.profile();
    const steps = await session?.tracedSteps?.();
    return [steps?.table, kernels].filter(Boolean).join("\n\n") || null;
  }

  async startWarmup(config: RunConfig, { resume }: { resume: boolean }): Promise<void> {
    this.#asked++;
    await this.#endRun();
    const { model } = resolveConfig({ preset: config.preset });
    // The stages begin with random weights: of the shipped variant they use the shape only, of the run not its files,
    // judge and adapter.
    const { data, judge, prompt, adapter, loraRank, freeze, maxPixels } = resolveConfig({});
    const plain = { data, judge, prompt, adapter, loraRank, freeze, maxPixels, klLossCoef: 0, klRewardCoef: 0 };
    const shape = { ...config, ...plain, model };
    const session = await this.#openModel(shape);
    this.#run = null;
    // What it imports of training comes with the session.
    const { StoredWarmupWriter } = await import("./stored_warmup.ts");
    this.#warmup = await StoredWarmupWriter.begin(session, shape, resume);
  }

  async nextWarmup(): Promise<WarmupEvent | null> {
    if (!this.#warmup) return null;
    const warmup = this.#warmup;
    return this.#guarded(async () => {
      const event = await warmup.next();
      if (event === null) await this.stopWarmup();
      return event;
    });
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

  async loading(): Promise<{ doneBytes: number; ofBytes: number } | null> {
    return this.#models.loading;
  }

  async weights(): Promise<CachedWeights[]> {
    return (await this.network?.weights.list()) ?? [];
  }

  async removeWeights(key: string): Promise<void> {
    await this.network?.weights.remove(key);
  }

  async runs(): Promise<StoredRun[]> {
    return storedRuns(this.#run && !this.#run.over ? this.#run.name : null);
  }

  async events(name: string): Promise<EventsFile> {
    const log = await storedLog(name);
    if (log === "") throw new Error(`The run "${name}" holds no events; remove it or choose another`);
    return readEventsFile(`the run "${name}"`, log, "remove it or choose another");
  }

  async curves(name: string): Promise<CurveEvent[]> {
    return curveEvents(await storedLog(name), name);
  }

  settings(name: string): Promise<RunConfig> {
    return storedSettings(name);
  }

  remove(name: string): Promise<void> {
    return removeRun(name);
  }

  async exportModel(run: string | null): Promise<ExportedModel> {
    if (run === null && !this.#run)
      throw new Error("Nothing is trained yet; start a run, or open a stored one from Runs");
    const exported = run === null ? await this.#run!.exported() : await storedExport(this.platform, run);
    const { withStoredCard } = await import("./stored_card.ts");
    return withStoredCard(exported, this.platform);
  }

  /** The next event of a run, which its list of rollouts learns as well. */
  async #nextOf(run: StoredRunWriter): Promise<TrainEvent | null> {
    const event = await this.#guarded(() => run.next());
    if (event) this.rollouts.lists.receive(event);
    return event;
  }

  /** Does something with the session while no event is under way. */
  async #between<T>(work: () => Promise<T>): Promise<T> {
    if (this.#warmup) throw new Error("A warm-up is under way, whose weights are not at rest; stop it first");
    return this.#run && !this.#run.over ? this.#run.between(work) : work();
  }

  /** A part of a log would be taken for the whole run. */
  async #wholeEvents(name: string): Promise<EventsFile> {
    const file = await this.events(name);
    if (file.leftOut > 0) throw new Error(`This run cannot be judged again as a whole: ${file.notices.join(". ")}`);
    return file;
  }

  /** Ends the run, saved, so that another can begin. @throws StorageFull where it cannot be saved */
  async #endRun(): Promise<void> {
    if (this.#run?.over === false) await this.stop();
    else await this.#run?.save();
    await this.stopWarmup();
  }

  /** Work on the device. After an error of it, all that was on it is gone, and the next start opens another. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageFull)) await this.#giveUp();
      throw error;
    }
  }

  async #giveUp(): Promise<void> {
    const warmup = this.#warmup;
    this.#warmup = null;
    warmup?.abandon();
    await this.#run?.close();
    this.#closeSession();
  }

  /** A session for a configuration; the one that is open serves others of its model. */
  async #openModel(config: RunConfig): Promise<Session> {
    return this.#models.open(config, () => this.#closeSession());
  }

  /** With the session go the weights of the run that it trained. */
  #closeSession(): void {
    this.#beside.close();
    this.#models.close();
    if (this.#run?.over) this.#run = null;
  }
}
