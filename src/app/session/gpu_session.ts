import type { Rolled } from "../../agent/loop.ts";
import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import { suppressed } from "../../agent/token_limits.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { MemoryPeak } from "../../gpu/buffer_pool.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { KernelTime } from "../../gpu/kernel_times.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import { maxPassBytes } from "../../model/activation_size.ts";
import type { CheckpointFiles } from "../../model/checkpoint_files.ts";
import { fillModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import type { NamedBytes } from "../../platform.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { expectTrainable, refillAdapter } from "../../train/adapter.ts";
import { zoomWorths } from "../../train/causal_zoom.ts";
import { checkpointFiles, type NamedValues, readCheckpoint } from "../../train/checkpoint.ts";
import { evaluate, type RollingOptions, rollTasks } from "../../train/evaluation.ts";
import type { Metrics, ModelFacts, TrainEvent, WarmupEvent } from "../../train/events.ts";
import { exportFiles } from "../../train/export.ts";
import { type Likelihood, likelihoods } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner, type UpdateSettings } from "../../train/learner.ts";
import { isOwnCode } from "../../train/own_code.ts";
import type { PackedGroup } from "../../train/pack.ts";
import { packOne, packRollouts } from "../../train/pack_rollouts.ts";
import type { Progress, TrainingParts } from "../../train/run_parts.ts";
import { train } from "../../train/trainer.ts";
import { update, updateSettings } from "../../train/update.ts";
import { initialize, stages, untilStopped, warmup } from "../../train/warmup.ts";
import { kernelTable } from "../kernels/kernel_table.ts";
import { useMatrixUnits } from "../kernels/matrix_units.ts";
import { peakTable } from "../memory/peak_table.ts";
import { fileOrNull } from "../model_folder/model_files.ts";
import type { PicturePool } from "./picture_pool.ts";
import { ReferenceModel } from "./reference_model.ts";
import type { OwnParts, RunContext } from "./run_context.ts";
import { type Evaluation, type Session, sameModel } from "./session.ts";

/** Narrowest cut that the zoom makes, source px; the small variant's pictures are 512 wide and shown at 64. */
const minCropPx = 32;

/** Alternatives to a token that are worth showing. */
const likeliestTokens = 5;

/** Activations of a pass of the warm-up on a software adapter: a few seconds, after which it can be stopped. */
const softwarePassBytes = 16 * 2 ** 20;

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
  readonly gpu: Gpu;
  readonly qwen: Model;
  readonly tokenizer: Tokenizer;
  readonly view: SizeLimits;
  readonly pool: PicturePool;
  readonly files: CheckpointFiles;
  readonly adapterFiles: CheckpointFiles | null;
  readonly #policy: GpuPolicy;
  readonly #learner: Learner;
  readonly #reference: ReferenceModel;
  #context: RunContext;
  #config: RunConfig;
  #progress: Progress = { step: 0, updates: 0 };
  /** Kernel times of updates by kind of plan; absent where they are not measured. */
  readonly #traces: Map<string, KernelTime[]> | undefined;
  /** What changed since the last step, for the log. */
  #changes: Partial<RunConfig> = {};

  constructor(
    parts: SessionParts,
    context: RunContext,
    readonly openRunContext: (config: RunConfig, own?: OwnParts) => Promise<RunContext>,
    readonly traced: boolean,
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
    this.#traces = traced ? new Map() : undefined;
    this.#policy = new GpuPolicy(gpu, qwen, { traced });
    this.#learner = new Learner(gpu, qwen, "policy");
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
    const { trained, adapter } = this.qwen;
    const shapes = new Map(trained.shapes.map((p) => [p.name, p.shape] as const));
    const checkpoint = await readCheckpoint(files, shapes, adapter?.config.json ?? null);
    // The reference is the model that the run began with, which the folder still holds.
    if (this.#config.klLossCoef > 0 || this.#config.klRewardCoef > 0) await this.#reference.open();
    for (const { name, values } of checkpoint.weights) trained.set(name, values);
    if (trained.trained)
      for (const part of ["m", "v"] as const)
        for (const { name, values } of checkpoint.optimizer[part]) trained.set(name, values, part);
    // They were let in, or kept out, as they stood in the model's folder.
    if (!adapter) await useMatrixUnits(this.gpu, this.qwen);
    this.#progress = { step: checkpoint.step, updates: checkpoint.optimizer.step };
    return checkpoint.step;
  }

  async reset(config: RunConfig): Promise<void> {
    if (!sameModel(config, this.#config))
      throw new Error(
        `The session holds ${this.model.name} with its adapter and its view; open another session for ${config.model}`,
      );
    await this.use(config);
    const { adapter } = this.qwen;
    if (adapter) return refillAdapter(adapter, config, this.adapterFiles);
    await fillModel(this.qwen, this.files);
    this.qwen.parameters.resetOptimizer();
  }

  /** Another configuration over the weights as they are, from step 0; `own` takes the place of what it names. */
  async use(config: RunConfig, own?: OwnParts): Promise<void> {
    this.#context = await this.openRunContext(config, own);
    this.#config = config;
    this.#changes = {};
    this.#progress = { step: 0, updates: 0 };
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
    const { chat, vision, ...parts } = this.parts();
    const settings = updateSettings(config, step, suppressed(chat, config));
    const { updates } = this.#progress;
    const batch = packRollouts(rolled, config, vision);
    const metrics = await update(batch, { ...parts, settings, passes: config.updatesPerStep, updates });
    this.#progress = { step: step + 1, updates: updates + metrics.updates };
    return metrics;
  }

  async *train(signal?: AbortSignal, made: readonly Metrics[] = []): AsyncGenerator<TrainEvent> {
    this.expectTrainable();
    const resumedAt = this.#progress.step;
    yield {
      type: "run",
      format: 1,
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
      if (event.type === "update")
        this.#progress = { step: event.step, updates: this.#progress.updates + (event.metrics.updates ?? 0) };
      yield event;
    }
  }

  async *warmup(signal?: AbortSignal): AsyncGenerator<WarmupEvent> {
    const { parameters, config } = this.qwen;
    const { seed, preset, warmupRows } = this.#config;
    if (this.#progress.step === 0)
      initialize(parameters, seed, { text: config.text.numHiddenLayers, vision: config.vision.depth });
    const learner = new Learner(this.gpu, this.qwen, "nll", this.software ? softwarePassBytes : maxPassBytes);
    const traces = this.#traces && new Map<string, KernelTime[]>();
    try {
      for await (const event of warmup({
        learner,
        parameters,
        tokenizer: this.tokenizer,
        vision: config.vision,
        lessons: (...of) => this.pool.lessons(...of),
        stages: stages(preset === "story" ? "story" : "needle", warmupRows),
        seed,
        stepsMade: this.#progress.step,
        gradientCheckpointing: this.#config.gradientCheckpointing,
        traces,
        signal,
      })) {
        // Events count the steps of their stage, each of which is an update.
        this.#progress = { step: this.#progress.step + 1, updates: event.step };
        yield event;
      }
      if (signal?.aborted) return;
      const { step } = this.#progress;
      parameters.resetOptimizer();
      this.#progress = { step: 0, updates: 0 };
      for (const greedy of [false, true]) {
        const { evalTasks } = this.#config;
        const result = await untilStopped(signal, this.evaluate({ tasks: evalTasks, greedy, signal }));
        if (!result) return;
        const { tasks, metrics, durationMs } = result;
        yield { type: "eval", step, tasks, greedy, metrics, durationMs };
      }
      yield { type: "end", step, reason: "done" };
    } finally {
      for (const [kind, times] of traces ?? []) this.#traces?.set(`warmup ${kind}`, times);
      learner.free();
    }
  }

  async evaluate({
    tasks: wanted,
    greedy,
    causal = false,
    signal,
  }: {
    tasks: number;
    greedy: boolean;
    causal?: boolean;
    signal?: AbortSignal;
  }): Promise<Evaluation> {
    const parts = { ...this.parts(), signal };
    const startedMs = performance.now();
    const tasks = await this.#heldOut(wanted);
    const { temperature } = this.#config;
    const probing = {
      learner: this.#learner,
      tokenizer: this.tokenizer,
      vision: this.qwen.config.vision,
      settings: { temperature, suppressed: suppressed(this.#context.chat, this.#config) },
    };
    const probe = (rolled: Rolled, of: readonly Task[]) => zoomWorths(probing, rolled, of);
    const found = await evaluate(parts, tasks, greedy, causal ? probe : undefined);
    const notes = tasks.length < wanted ? (this.#context.source.heldOutNotes?.() ?? []) : [];
    return { ...found, durationMs: performance.now() - startedMs, tasks: tasks.length, notes };
  }

  async *roll({
    tasks,
    rolloutsPerTask,
    greedy,
    signal,
  }: {
    tasks: number;
    rolloutsPerTask: number;
    greedy: boolean;
    signal?: AbortSignal;
  }): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
    const parts = { ...this.parts(), signal };
    yield* rollTasks(parts, await this.#heldOut(tasks), { rolloutsPerTask, greedy });
  }

  async *rollTasks(
    tasks: readonly Task[],
    { source, ...options }: RollingOptions & { source: Pick<TaskSource, "pictures"> },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
    const parts = this.parts();
    yield* rollTasks({ ...parts, source: { ...parts.source, ...source } }, tasks, options);
  }

  async #heldOut(count: number): Promise<Task[]> {
    const { source } = this.#context;
    const tasks = await source.heldOut(count);
    if (tasks.length === 0)
      throw new Error(
        this.#config.heldOutRows === 0 && !isOwnCode(this.#config.data)
          ? "Expected rows that are held out of the training, found none: heldOutRows is 0, so all of them are trained on; train with --held-out-rows N"
          : `Expected tasks that are held out of the training, found none that can be asked: ${source.heldOutNotes?.().join("; ")}`,
      );
    return tasks;
  }

  async likelihoods(rollout: Rollout, task: Task, config: RunConfig): Promise<Likelihood[][]> {
    const ofTask = await this.#pictures(task, config);
    const views = await Promise.all(
      ofTask.map(async (original) => ({ original, modelInput: await this.pool.modelInput(original) })),
    );
    const { crop } = config;
    // By name, whatever the run offered: its configuration may name code that is not loaded here.
    const tools = [...builtInTools, ...this.#context.ownTools];
    const images = await Promise.all(
      [...rolloutPictures(rollout, views, { crop, tools })].map(({ original }) => this.pool.modelInput(original)),
    );
    const ofRollout = { promptImages: images.slice(0, ofTask.length), toolImages: images.slice(ofTask.length) };
    const group = packOne(rollout, ofRollout, this.qwen.config.vision);
    const settings = { temperature: config.temperature, suppressed: suppressed(this.#context.chat, config) };
    return likelihoods(this.gpu, this.qwen, group, { ...settings, count: likeliestTokens });
  }

  texts(tokens: readonly number[]): string[] {
    return this.tokenizer.texts([...tokens]);
  }

  change(changes: Partial<RunConfig>): void {
    this.#config = { ...this.#config, ...changes };
    this.#changes = { ...this.#changes, ...changes };
  }

  async checkpoint(): Promise<{ step: number; files: NamedBytes[] }> {
    const files = checkpointFiles({
      step: this.#progress.step,
      config: this.#config,
      weights: await this.#named("weight"),
      optimizer: { step: this.#progress.updates, m: await this.#named("m"), v: await this.#named("v") },
      adapter: this.qwen.adapter?.config.json,
    });
    return { step: this.#progress.step, files };
  }

  async exportFiles(): Promise<NamedBytes[]> {
    if (this.qwen.adapter) return this.qwen.adapter.files();
    return exportFiles(await this.#named("weight"), fileOrNull(this.files));
  }

  profile(): string | null {
    if (!this.#traces) return null;
    return [
      ...[...this.#policy.traces, ...this.#traces].map(([kind, times]) => kernelTable(kind, times)),
      peakTable(this.peakMemory),
    ].join("\n\n");
  }

  get peakMemory(): MemoryPeak {
    return this.gpu.pool.peak;
  }

  close(): void {
    this.pool.close();
    this.gpu.close();
  }

  async #named(part: "weight" | "m" | "v"): Promise<NamedValues[]> {
    const values = await this.qwen.trained.read(part);
    return this.qwen.trained.shapes.map(({ name, shape }) => ({ name, shape, values: values.get(name)! }));
  }

  /** What a run on this model is made of, as of now. */
  parts(): TrainingParts {
    const { chat, source, judge, reward, tools, missing } = this.#context;
    if (missing) throw missing;
    const { vision } = this.qwen.config;
    const { factor } = this.view;
    return {
      config: () => this.#config,
      source,
      reward,
      policy: this.#policy,
      chat,
      tools,
      tokenizer: this.tokenizer,
      judge,
      view: {
        frame: this.qwen.family.frame,
        minSidePx: Math.max(minCropPx, factor),
        modelInput: (pixels) => this.pool.modelInput(pixels),
        imageTokens: ({ width, height }) => (width / factor) * (height / factor),
      },
      peakMemoryBytes: () => this.gpu.pool.peak.bytes,
      vision,
      learner: this.#learner,
      reference: this.#reference,
      traces: this.#traces,
    };
  }

  /** The pictures of a task of any run on this model. */
  async #pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    const isOurs = config.data === this.#config.data;
    const { source } = isOurs && config.data !== "" ? this.#context : await this.openRunContext(config);
    return source.pictures(task);
  }
}
