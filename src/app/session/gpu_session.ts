import type { Rolled } from "../../agent/loop.ts";
import type { Rollout } from "../../agent/rollout.ts";
import type { MemoryPeak } from "../../gpu/buffer_pool.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import type { Model } from "../../model/model.ts";
import type { AdapterNames } from "../../model/names.ts";
import type { NamedBytes } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { expectTrainable } from "../../train/adapter.ts";
import { probeCalls } from "../../train/call_probes.ts";
import { type ProbeParts, probedTasks, zoomWorths } from "../../train/causal_zoom.ts";
import { type RollingOptions, rollTasks } from "../../train/evaluation.ts";
import type { Metrics, ModelFacts, TrainEvent, WarmupEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner, type UpdateSettings } from "../../train/learner.ts";
import { updateOn } from "../../train/own_update.ts";
import type { PackedGroup } from "../../train/pack.ts";
import { pixelSight } from "../../train/pixel_sight.ts";
import type { MadeBefore, Progress, TrainingParts } from "../../train/run_parts.ts";
import { train } from "../../train/trainer.ts";
import { untilStopped } from "../../train/warmup.ts";
import { productSeconds } from "../kernels/software_speed.ts";
import { evaluateHeldOut, heldOutTasks } from "./held_out.ts";
import type { PicturePool } from "./picture_pool.ts";
import { ReferenceModel } from "./reference_model.ts";
import { GpuRolloutQuestions, probeParts } from "./rollout_questions.ts";
import type { OwnParts, RunContext } from "./run_context.ts";
import { type Evaluation, type Overlap, type Session, sameModel } from "./session.ts";
import { SessionTrace, type TracedSteps } from "./session_trace.ts";
import { warmedUp } from "./session_warmup.ts";
import { checkpointOf, exportedWeights, refill, restoreFrozen, restoreWeights } from "./session_weights.ts";
import { modelBeside } from "./weights_beside.ts";

/** Narrowest cut that the zoom makes, source px; the small variant's pictures are 512 wide and shown at 64. */
const minCropPx = 32;

/** What a session is opened with and keeps. */
export interface SessionParts {
  gpu: Gpu;
  model: Model;
  tokenizer: Tokenizer;
  view: SizeLimits;
  pool: PicturePool;
  files: CheckpointFiles;
  /** Of the adapter that runs go on from. */
  adapterFiles: CheckpointFiles | null;
  notices: readonly string[];
}

export class GpuSession implements Session {
  readonly model: ModelFacts;
  readonly notices: readonly string[];
  readonly rollouts: GpuRolloutQuestions;
  readonly gpu: Gpu;
  readonly qwen: Model;
  readonly tokenizer: Tokenizer;
  readonly view: SizeLimits;
  readonly pool: PicturePool;
  readonly files: CheckpointFiles;
  readonly adapterFiles: CheckpointFiles | null;
  readonly #policy: GpuPolicy;
  readonly #overlap: Overlap;
  readonly #learner: Learner;
  readonly #reference: ReferenceModel;
  #context: RunContext;
  #config: RunConfig;
  #progress: Progress = { step: 0, updates: 0 };
  readonly #trace: SessionTrace;
  /** Of a session on the device of another: gives back what is its own. */
  readonly #free: (() => void) | null;
  /** What changed since the last step, for the log. */
  #changes: Partial<RunConfig> = {};

  constructor(
    parts: SessionParts,
    context: RunContext,
    readonly openRunContext: (config: RunConfig, own?: OwnParts) => Promise<RunContext>,
    {
      overlap,
      free = null,
      ...measured
    }: { overlap: Overlap; kernels: boolean; timeline: boolean; free?: (() => void) | null },
  ) {
    const { gpu, model: qwen, files, adapterFiles } = parts;
    this.notices = parts.notices;
    this.gpu = gpu;
    this.qwen = qwen;
    this.tokenizer = parts.tokenizer;
    this.view = parts.view;
    this.pool = parts.pool;
    this.files = files;
    this.adapterFiles = adapterFiles;
    this.#context = context;
    this.#config = context.config;
    this.#reference = new ReferenceModel(gpu, qwen, files, this.#config, adapterFiles);
    this.model = { name: this.#config.model, parameters: qwen.parameters.count, view: this.view };
    this.#trace = new SessionTrace(gpu, measured);
    this.#overlap = overlap;
    this.#free = free;
    this.#policy = new GpuPolicy(gpu, qwen, { traced: measured.kernels, ahead: overlap.ahead });
    this.#learner = new Learner(gpu, qwen, "policy");
    this.rollouts = new GpuRolloutQuestions({
      gpu,
      qwen,
      tokenizer: this.tokenizer,
      pool: this.pool,
      ahead: overlap.ahead,
      view: () => this.#view(),
      context: () => this.#context,
      open: (config) => this.openRunContext(config),
      pictures: (task, config) => this.#pictures(task, config),
      modelOf: (other) => this.#modelOf(other),
    });
  }

  get lost(): boolean {
    return this.gpu.lost;
  }

  get adapter(): string {
    return this.gpu.adapterName;
  }

  get software(): boolean {
    return this.gpu.software;
  }

  async expectTasks(): Promise<void> {
    await this.#context.source.take(0, 1);
  }

  expectTrainable(): void {
    if (!this.qwen.trained.trained) throw new Error("The session was opened to use a model, not to train it");
    if (this.qwen.adapter) expectTrainable(this.qwen.adapter.config);
  }

  async restore(files: readonly NamedBytes[]): Promise<number> {
    // The reference is the model that the run began with, which the folder still holds.
    if (this.#config.klLossCoef > 0 || this.#config.klRewardCoef > 0) await this.#reference.open();
    this.#policy.forget();
    this.#progress = this.#free
      ? { step: await restoreFrozen(this.gpu, this.qwen, files), updates: 0 }
      : await restoreWeights(this.gpu, this.qwen, files);
    return this.#progress.step;
  }

  async beside(): Promise<GpuSession> {
    // Nothing is trained there, so that no reference is wanted.
    const config = { ...this.#config, klLossCoef: 0, klRewardCoef: 0 };
    const { gpu, qwen, tokenizer, view, pool, files, adapterFiles } = this;
    const context = await this.openRunContext(config);
    const { model, free } = await modelBeside({ gpu, qwen, files, adapterFiles }, config);
    const parts = { gpu, model, tokenizer, view, pool, files, adapterFiles, notices: [] };
    const options = { overlap: this.#overlap, kernels: false, timeline: false, free };
    return new GpuSession(parts, context, this.openRunContext, options);
  }

  async reset(config: RunConfig): Promise<void> {
    if (!sameModel(config, this.#config))
      throw new Error(
        `The session holds ${this.model.name} with its adapter and its view; open another session for ${config.model}`,
      );
    await this.use(config);
    await refill(this.qwen, config, this);
  }

  /** Another configuration over the weights as they are, from step 0; `own` takes the place of what it names. */
  async use(config: RunConfig, own?: OwnParts): Promise<void> {
    const context = await this.openRunContext(config, own);
    this.#context.reader?.close();
    this.#context = context;
    this.#config = config;
    this.#changes = {};
    this.#progress = { step: 0, updates: 0 };
    this.#policy.forget();
  }

  /** Natural log-probabilities of the targets of groups under the weights as they are, in order. */
  logprobs(
    groups: readonly PackedGroup[],
    settings: Pick<UpdateSettings, "temperature" | "suppressed">,
  ): Promise<Float32Array> {
    return this.#learner.logprobs(groups, settings);
  }

  /** The updates of one step, counted from 0, on rollouts with advantages. */
  async update(rolled: Rolled, step: number, config: RunConfig): Promise<Metrics> {
    this.#policy.forget();
    const { updates } = this.#progress;
    const metrics = await updateOn(rolled, config, this.parts(), { step, updates });
    this.#progress = { step: step + 1, updates: updates + metrics.updates };
    return metrics;
  }

  async *train(signal?: AbortSignal, made?: MadeBefore): AsyncGenerator<TrainEvent> {
    this.expectTrainable();
    const resumedAt = this.#progress.step;
    yield {
      type: "run",
      format: 2,
      config: this.#config,
      model: this.model,
      adapter: this.adapter,
      resumedAt,
      startedAt: new Date().toISOString(),
    };
    for await (const event of train({ ...this.parts(), signal }, this.#progress, made)) {
      if (event.type === "tasks" && Object.keys(this.#changes).length > 0) {
        // Emptied first: what is changed while this event is handled belongs to the next step.
        const changes = this.#changes;
        this.#changes = {};
        yield { type: "config", step: event.step, changes };
      }
      // Its memory belongs to the run while that moves.
      if (event.type === "tasks") await this.rollouts.endBranches();
      if (event.type === "update")
        this.#progress = { step: event.step, updates: this.#progress.updates + (event.metrics.updates ?? 0) };
      yield event;
    }
  }

  async *warmup(signal?: AbortSignal, pausesAfter?: (step: number) => boolean): AsyncGenerator<WarmupEvent> {
    const { gpu, qwen: model, tokenizer, pool } = this;
    const { step: stepsMade } = this.#progress;
    const started = {
      config: this.#config,
      stepsMade,
      // Steps of a stage are counted, each of which is an update. The weights are ahead of the events.
      submitted: (updates: number) => {
        this.#progress = { step: this.#progress.step + 1, updates };
      },
      pausesAfter,
      traces: this.#trace.kernels,
      signal,
    };
    yield* warmedUp({ gpu, model, tokenizer, pool }, started);
    if (signal?.aborted) return;
    const { step } = this.#progress;
    model.parameters.resetOptimizer();
    this.#progress = { step: 0, updates: 0 };
    for (const greedy of [false, true]) {
      const { evalTasks } = this.#config;
      const result = await untilStopped(signal, this.evaluate({ tasks: evalTasks, greedy, signal }));
      if (!result) return;
      const { tasks, metrics, durationMs } = result;
      yield { type: "eval", step, tasks, greedy, metrics, durationMs };
    }
    yield { type: "end", step, reason: "done" };
  }

  async evaluate({
    signal,
    causal = false,
    config,
    ...asked
  }: Parameters<Session["evaluate"]>[0]): Promise<Evaluation> {
    const under = config ? { context: await this.openRunContext(config), config: () => config } : undefined;
    const parts = { ...this.parts(under), signal };
    return evaluateHeldOut(parts, parts.config(), { ...asked, ...(causal ? { probes: parts.probes } : {}) });
  }

  async *roll({ tasks: count, signal, ...options }: Parameters<Session["roll"]>[0]): ReturnType<Session["roll"]> {
    const parts = { ...this.parts(), signal };
    yield* rollTasks(parts, await heldOutTasks(parts.source, this.#config, count), options);
  }

  async *rollTasks(
    tasks: readonly Task[],
    { source, ...options }: RollingOptions & { source: Pick<TaskSource, "pictures"> },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
    const parts = this.parts();
    yield* rollTasks({ ...parts, source: { ...parts.source, ...source } }, tasks, options);
  }

  async rollTask(task: Task, config: RunConfig, options: { greedy: boolean; step: number }): Promise<Rollout> {
    const pictures = await this.#pictures(task, config);
    const parts = this.parts({ context: await this.openRunContext(config), config: () => config });
    const source = { ...parts.source, pictures: async () => pictures };
    const { value } = await rollTasks({ ...parts, source }, [task], { ...options, rolloutsPerTask: 1 }).next();
    const [rollout] = value?.rollouts ?? [];
    if (!rollout) throw new Error("Expected a rollout of the task, found none");
    return rollout;
  }

  scenePictures({ id }: Task, config: RunConfig): Promise<Pixels[] | null> {
    return this.pool.originals(id, config);
  }

  texts(tokens: readonly number[]): string[] {
    return this.tokenizer.texts([...tokens]);
  }

  change(changes: Partial<RunConfig>): void {
    this.#config = { ...this.#config, ...changes };
    this.#changes = { ...this.#changes, ...changes };
  }

  async checkpoint(): Promise<{ step: number; files: NamedBytes[] }> {
    const { step } = this.#progress;
    return { step, files: await checkpointOf(this.qwen, this.#config, this.#progress) };
  }

  exportFiles(adapterNames?: AdapterNames): Promise<NamedBytes[]> {
    return exportedWeights(this.qwen, this.files, adapterNames);
  }

  profile(): string | null {
    return this.#trace.kernelTables(this.#policy.traces, this.peakMemory);
  }

  tracedSteps(): Promise<TracedSteps | null> {
    return this.#trace.steps();
  }

  productSeconds(): Promise<number> {
    return productSeconds(this.gpu);
  }

  get peakMemory(): MemoryPeak {
    return this.gpu.pool.peak;
  }

  close(): void {
    this.#context.reader?.close();
    if (this.#free) {
      this.rollouts.free();
      this.#policy.free();
      this.#learner.free();
      this.#free();
      return;
    }
    this.#trace.close();
    this.pool.close();
    this.gpu.close();
  }

  /** What a run on this model is made of, as of now. @param under  another configuration than the session's own */
  parts(under?: { context: RunContext; config: () => RunConfig }): TrainingParts {
    const { context, config } = under ?? { context: this.#context, config: () => this.#config };
    const { chat, source, judge, reward, tools, reader, missing } = context;
    if (missing) throw missing;
    const { vision } = this.qwen.config;
    return {
      config,
      source,
      reward,
      policy: this.#policy,
      chat,
      tools,
      tokenizer: this.tokenizer,
      judge,
      ...(reader ? { reader } : {}),
      view: this.#view(),
      peakMemoryBytes: () => this.gpu.pool.peak.bytes,
      vision,
      learner: this.#learner,
      probes: {
        worths: (rolled, tasks) => zoomWorths(this.#probeParts(chat, config()), probedTasks(rolled, tasks)),
        sight: (rolled) => pixelSight(this.#probeParts(chat, config()), rolled),
        calls: (rolled, tasks, ofStep) =>
          probeCalls(
            { ...this.#probeParts(chat, ofStep), toolCallStart: chat.toolCallStart },
            probedTasks(rolled, tasks),
          ),
      },
      reference: this.#reference,
      traces: this.#trace.kernels,
    };
  }

  #view(): TrainingParts["view"] {
    const { factor } = this.view;
    return {
      frame: this.qwen.family.frame,
      minSidePx: Math.max(minCropPx, factor),
      modelInput: (pixels) => this.pool.modelInput(pixels),
      imageTokens: ({ width, height }) => (width / factor) * (height / factor),
      lanes: this.#overlap.lanes,
    };
  }

  #probeParts(chat: Chat, config: RunConfig): ProbeParts {
    return probeParts(this.#learner, this, chat, config);
  }

  /** @throws TypeError where it is not on the same device */
  #modelOf(other: Session): Model {
    if (other instanceof GpuSession && other.gpu === this.gpu) return other.qwen;
    throw new TypeError("Only weights on the same device can be compared; open the other session beside this one");
  }

  /** The pictures of a task of any run on this model. */
  async #pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    const isOurs = config.data === this.#config.data;
    // No answer is judged for that, and a log does not name its judge's server.
    const unjudged = { ...config, judge: "rules" as const, judgeUrl: "" };
    const { source } = isOurs && config.data !== "" ? this.#context : await this.openRunContext(unjudged);
    return source.pictures(task);
  }
}
