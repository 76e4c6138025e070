import { transfer } from "comlink";
import type { Pixels } from "../../../image/pixels.ts";
import type { Platform } from "../../../platform.ts";
import type { Task } from "../../../tasks/task.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { TrainEvent, WarmupEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { RunMemory } from "../../memory/run_memory.ts";
import type { CurveEvent } from "../../run/curve_events.ts";
import type { OpenSession, Session } from "../../session/session.ts";
import type { DataApi } from "../../worker_api/data_api.ts";
import type { DroppedFolder, GivenFile } from "../../worker_api/dropped_folder.ts";
import { type Asked, EventBatches } from "../../worker_api/event_batches.ts";
import type { HubApi } from "../../worker_api/hub_api.ts";
import type { JudgeApi } from "../../worker_api/judge_api.ts";
import type { RecordsApi } from "../../worker_api/records_api.ts";
import type { RolloutApi } from "../../worker_api/rollout_api.ts";
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
import type { DataWorker } from "./data_worker.ts";
import { StorageProblem } from "./database.ts";
import { droppedPaths } from "./dropped_again.ts";
import type { HubParts } from "./hub_worker.ts";
import type { JudgeWorker } from "./judge_worker.ts";
import { LaterPart } from "./later_part.ts";
import { removeModel, storedModels } from "./model_store.ts";
import { OpenModels } from "./open_models.ts";
import type { RolloutWorker } from "./rollout_worker.ts";
import { runFilesLater } from "./run_files_later.ts";
import type { StoredRunWriter } from "./stored_run.ts";
import type { StoredWarmupWriter } from "./stored_warmup.ts";
import { verdictStore } from "./verdict_store.ts";
import { WeightsBeside } from "./weights_beside.ts";

/** The worker's half of the page: one session, one run or warm-up at a time, stored in this browser as it goes. */
export class RunWorker implements RunApi {
  readonly data: DataApi;
  readonly judge: JudgeApi;
  readonly hub: HubApi;
  readonly rollouts: RolloutApi;
  readonly files: RunFilesApi;
  readonly records: RecordsApi;
  readonly #data: LaterPart<DataWorker>;
  /** Has the keys that were entered, for the session as well. */
  readonly #judge: LaterPart<JudgeWorker>;
  readonly #rollouts: LaterPart<RolloutWorker>;
  readonly #verdicts = verdictStore();
  readonly #models: OpenModels;
  /** Other weights than those that are trained, for questions about rollouts. */
  readonly #beside: WeightsBeside;
  /** Stays here when it is over, as long as its weights are in the session. */
  #run: StoredRunWriter | null = null;
  /** Its events on their way to the page. */
  #batches: { run: StoredRunWriter; batches: EventBatches<TrainEvent> } | null = null;
  #warmup: StoredWarmupWriter | null = null;
  /** One that is over and could not be kept. */
  #unkept: StoredWarmupWriter | null = null;
  /** Counts questions about memory, and what makes the last one stale. */
  #asked = 0;

  constructor(
    readonly platform: Platform,
    readonly openSession: OpenSession,
    readonly dropped: DroppedFiles = new DroppedFiles(),
    readonly network: HubParts | null = null,
  ) {
    const hub = new LaterPart(async () => {
      const { HubWorker } = await import("./hub_worker.ts");
      return new HubWorker(platform, network);
    });
    const records = new LaterPart(async () => {
      const { RecordsWorker } = await import("./records_worker.ts");
      return new RecordsWorker();
    });
    this.#data = new LaterPart(async () => {
      const { DataWorker } = await import("./data_worker.ts");
      return new DataWorker(platform);
    });
    const tokenizer = (model: string) => this.#models.tokenizer(model);
    this.#judge = new LaterPart(async () => {
      const { JudgeWorker } = await import("./judge_worker.ts");
      return new JudgeWorker((name) => this.#wholeEvents(name), { cache: this.#verdicts, tokenizer });
    });
    // Where no key was entered, there is none.
    const keyOf = (url: string) => this.#judge.opened?.keyOf(url) ?? null;
    this.#models = new OpenModels(platform, dropped, (config, options) =>
      openSession(platform, config, { ...options, judgeAccess: { key: keyOf, cache: this.#verdicts } }),
    );
    this.#beside = new WeightsBeside(() => this.#models.opened());
    this.#rollouts = new LaterPart(async () => {
      const { RolloutWorker } = await import("./rollout_worker.ts");
      return new RolloutWorker(this.#beside, (work) => this.#between(work), {
        platform,
        pictures: (task, wanted) => this.pictures(task, wanted),
        keyOf,
      });
    });
    this.hub = hub.api<HubApi>();
    this.records = records.api<RecordsApi>();
    this.data = this.#data.api<DataApi>();
    this.judge = this.#judge.api<JudgeApi>();
    this.rollouts = this.#rollouts.api<RolloutApi>();
    this.files = runFilesLater(platform, dropped, tokenizer);
  }

  async drop(files: GivenFile[]): Promise<DroppedFolder[]> {
    const read = this.#run && !this.#run.over ? Object.values(droppedPaths(this.#run.latest)).flat() : [];
    const isRead = (path: string) => read.some((one) => one === path || one.startsWith(`${path}/`));
    const found = await this.dropped.add(files, isRead);
    this.#data.opened?.forget();
    const { recognise } = await import("./recognised.ts");
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
    const { resumableRun } = await import("./resumable_run.ts");
    // Where nothing can be stored, a model opens and trains all the same.
    const stored = await resumableRun(config).catch((error: Error) => error);
    const problems = [this.network?.weights.problem, stored instanceof Error ? stored.message : null];
    return {
      adapter,
      software,
      ...(productSeconds !== undefined && { productSeconds }),
      model,
      notices: [...notices, ...problems.filter((problem) => typeof problem === "string")],
      resumable: stored && !(stored instanceof Error) ? { name: stored.name, step: stored.savedStep } : undefined,
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
    const { StoredRunWriter, lists } = await this.#runParts();
    this.#run = await StoredRunWriter.begin((wanted) => this.#openModel(wanted), this.platform, config);
    lists.begin(this.#run.name);
    return this.#run.name;
  }

  async resume(name: string, changes: Partial<RunConfig> = {}): Promise<RunConfig> {
    this.#asked++;
    await this.#endRun();
    this.#run = null;
    const { StoredRunWriter, lists } = await this.#runParts();
    this.#run = await StoredRunWriter.resume((wanted) => this.#openModel(wanted), this.platform, name, changes);
    lists.begin(name);
    return this.#run.latest;
  }

  async next(): Promise<TrainEvent | null> {
    const run = this.#run;
    return run ? this.#nextOf(run) : null;
  }

  async nextEvents(asked: Asked): Promise<TrainEvent[] | null> {
    const run = this.#run;
    if (run && this.#batches?.run !== run) this.#batches = { run, batches: new EventBatches(() => this.#nextOf(run)) };
    // A run that failed is given up by then, and what it failed with is still to be told.
    return this.#batches?.batches.next(asked) ?? null;
  }

  async nextCurveEvents(asked: Asked): Promise<CurveEvent[] | null> {
    const events = await this.nextEvents(asked);
    const { isCurveEvent } = await import("../../run/curve_events.ts");
    return events?.filter(isCurveEvent) ?? null;
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
    if (config.data) return (await this.#data.get()).pictures(task, config);
    const pictures = (await this.#models.session?.scenePictures?.(task, config)) ?? (await scenePictures(task, config));
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
      const event = await warmup.next().catch((error: unknown) => {
        if (error instanceof StorageProblem) [this.#warmup, this.#unkept] = [null, warmup];
        throw error;
      });
      if (event === null) await this.stopWarmup();
      return event;
    });
  }

  async stopWarmup(): Promise<void> {
    const warmup = this.#warmup;
    this.#warmup = null;
    try {
      await warmup?.stop();
    } catch (error) {
      // It waits for room, until something else is begun.
      if (error instanceof StorageProblem) this.#unkept = warmup;
      throw error;
    }
  }

  async keepWarmup(): Promise<void> {
    await this.#unkept?.stop();
    this.#unkept = null;
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
    const { storedRuns } = await import("./run_store.ts");
    return storedRuns(this.#run && !this.#run.over ? this.#run.name : null);
  }

  async events(name: string): Promise<EventsFile> {
    const { storedLog } = await import("./run_store.ts");
    const log = await storedLog(name);
    if (log === "") throw new Error(`The run "${name}" holds no events; remove it or choose another`);
    const { readEventsFile } = await import("../browser/events_file.ts");
    return readEventsFile(`the run "${name}"`, log, "remove it or choose another");
  }

  async curves(name: string): Promise<CurveEvent[]> {
    const [{ storedLog }, { curveEvents }] = await Promise.all([
      import("./run_store.ts"),
      import("../../run/curve_events.ts"),
    ]);
    return curveEvents(await storedLog(name), name);
  }

  async settings(name: string): Promise<RunConfig> {
    return (await import("./run_store.ts")).storedSettings(name);
  }

  async remove(name: string): Promise<void> {
    return (await import("./run_store.ts")).removeRun(name);
  }

  async exportModel(run: string | null): Promise<ExportedModel> {
    if (run === null && !this.#run)
      throw new Error("Nothing is trained yet; start a run, or open a stored one from Runs");
    const [{ storedExport }, { withStoredCard }] = await Promise.all([
      import("./stored_export.ts"),
      import("./stored_card.ts"),
    ]);
    const exported = run === null ? await this.#run!.exported() : await storedExport(this.platform, run);
    return withStoredCard(exported, this.platform);
  }

  /** The next event of a run, which its list of rollouts learns as well. */
  async #nextOf(run: StoredRunWriter): Promise<TrainEvent | null> {
    const event = await this.#guarded(() => run.next());
    if (event) this.#rollouts.opened?.lists.receive(event);
    return event;
  }

  /** What writes a run, and what lists its rollouts as they come. */
  async #runParts() {
    const [{ StoredRunWriter }, { lists }] = await Promise.all([import("./stored_run.ts"), this.#rollouts.get()]);
    return { StoredRunWriter, lists };
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

  /** Ends the run, saved, so that another can begin. @throws StorageProblem where it cannot be saved */
  async #endRun(): Promise<void> {
    if (this.#run?.over === false) await this.stop();
    else await this.#run?.save();
    await this.stopWarmup();
    // Asked once more; what cannot be kept then is given up.
    const unkept = this.#unkept;
    this.#unkept = null;
    await unkept?.stop().catch(() => unkept.abandon());
  }

  /** Work on the device. After an error of it, all that was on it is gone, and the next start opens another. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageProblem)) await this.#giveUp();
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
    // A key may be on its way to it.
    await this.#judge.settled();
    return this.#models.open(config, () => this.#closeSession());
  }

  /** With the session go the weights of the run that it trained. */
  #closeSession(): void {
    this.#unkept?.abandon();
    this.#unkept = null;
    this.#beside.close();
    this.#models.close();
    if (this.#run?.over) this.#run = null;
  }
}

async function scenePictures(task: Task, config: RunConfig): Promise<Pixels[]> {
  const { scenePictures } = await import("../../../tasks/sources/scenes.ts");
  return scenePictures(task.id, config);
}
