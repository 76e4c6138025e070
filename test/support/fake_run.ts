import type { Rollout, Segment, ToolCall } from "../../src/agent/rollout.ts";
import type { Estimate } from "../../src/app/memory/estimate.ts";
import { fitOf } from "../../src/app/memory/fit.ts";
import type { RunMemory } from "../../src/app/memory/run_memory.ts";
import { type CurveEvent, curveEvents, isCurveEvent } from "../../src/app/run/curve_events.ts";
import { noSummary, withEvent } from "../../src/app/run/run_summary.ts";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { DataWorker } from "../../src/app/web/worker/data_worker.ts";
import { JudgeWorker, type JudgeWorkerParts } from "../../src/app/web/worker/judge_worker.ts";
import { trainedName } from "../../src/app/web/worker/model_store.ts";
import type { DataApi } from "../../src/app/worker_api/data_api.ts";
import type { DroppedFolder, GivenFile } from "../../src/app/worker_api/dropped_folder.ts";
import type { Asked } from "../../src/app/worker_api/event_batches.ts";
import type { JudgeApi } from "../../src/app/worker_api/judge_api.ts";
import type {
  CachedWeights,
  EventsFile,
  ExportedModel,
  Opened,
  RunApi,
  StoredModel,
  StoredRun,
} from "../../src/app/worker_api/run_api.ts";
import type { Box, Pixels } from "../../src/image/pixels.ts";
import type { Platform } from "../../src/platform.ts";
import type { Task } from "../../src/tasks/task.ts";
import { creditsCalls } from "../../src/train/call_credit.ts";
import { differences, resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent, WarmupEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { stepMetrics } from "../../src/train/metrics.ts";
import { droppedPlatform } from "./dropped_platform.ts";
import { FakeHubApi } from "./fake_hub_api.ts";
import { FakeRecords } from "./fake_records.ts";
import { FakeRollouts } from "./fake_rollouts.ts";
import { FakeRunFiles } from "./fake_run_files.ts";
import { fakeObjects, fakeScene, randomFrom } from "./fake_scene.ts";

export interface FakeOptions {
  /** Wait before each event, milliseconds; 0 gives them at once. */
  delayMs?: number;
  /** The run throws when this step has rolled. */
  failAtStep?: number;
  /** How much of a model is said to be read, and what `open` waits for. */
  loading?: { doneBytes: number; ofBytes: number };
  openAfter?: Promise<void>;
  /** Weights from the network that are kept. */
  weights?: readonly CachedWeights[];
  /** There is no room for a checkpoint. */
  full?: boolean;
  /** `open` rejects with this sentence. */
  openFails?: string;
  resumable?: Opened["resumable"];
  /** The adapter computes on the CPU, and this is what a product takes on it. */
  productSeconds?: number;
  /** What was dropped before, and where data is read from; nothing else by default. */
  dropped?: DroppedFiles;
  platform?: Platform;
  /** Who answers for the server of a policy elsewhere. */
  policy?: typeof fetch;
  /** Who answers for the judge's server. */
  judge?: JudgeWorkerParts;
}

/** A run without a GPU: invented events that look like a run's, the same ones for the same seed. */
export class FakeRun implements RunApi {
  readonly data: DataApi;
  readonly judge: JudgeApi;
  readonly rollouts: FakeRollouts;
  readonly records = new FakeRecords();
  readonly hub: FakeHubApi;
  readonly files = new FakeRunFiles();
  /** What was asked, for tests: names of methods, with arguments that matter. */
  readonly asked: string[] = [];
  readonly #options: FakeOptions;
  readonly #dropped: DroppedFiles;
  #stored = new Map<string, TrainEvent[]>();
  /** Of workers beside the page's, which store their runs as they go: how many they have begun together. */
  #beside: { begun: number } | null = null;
  #run: Generator<TrainEvent, void, void> | null = null;
  #warmup: Generator<WarmupEvent, void, void> | null = null;
  #warmupConfig: RunConfig | null = null;
  readonly #models = new Map<string, StoredModel>();
  #log: TrainEvent[] = [];
  #name = "";
  #changes: Partial<RunConfig> = {};

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#dropped = options.dropped ?? new DroppedFiles();
    this.hub = new FakeHubApi(this.asked, (config, memoryBytes) => this.memory(config, memoryBytes));
    this.data = new DataWorker(options.platform ?? droppedPlatform(this.#dropped));
    const judge = new JudgeWorker((name) => this.events(name), options.judge);
    this.judge = judge;
    this.rollouts = new FakeRollouts({
      delayMs: 20 * (options.delayMs ?? 0),
      asked: this.asked,
      vocabulary,
      stored: (name) => (name === this.#name && this.#log.length > 0 ? this.#log : this.#eventsOf(name)),
      roll: ({ task, config, step, greedy }, experience) => {
        const random = randomFrom(greedy ? 1 : config.seed);
        return fakeGroup([fakeRollout(task, config, random, experience, 0, 0)]).map((one) => ({
          ...one,
          step: step + 1,
          advantage: null,
        }))[0]!;
      },
      elsewhere: options.platform && {
        platform: options.platform,
        pictures: (task, wanted) => this.pictures(task, wanted),
        keyOf: judge.keyOf,
        connection: { fetch: options.policy },
      },
    });
  }

  async loading(): Promise<{ doneBytes: number; ofBytes: number } | null> {
    return this.#options.loading ?? null;
  }

  async weights(): Promise<CachedWeights[]> {
    return [...(this.#options.weights ?? [])];
  }

  async removeWeights(key: string): Promise<void> {
    this.asked.push(`remove weights ${key}`);
    if (this.#options.weights) this.#options.weights = this.#options.weights.filter((one) => one.key !== key);
  }

  drop(files: GivenFile[]): Promise<DroppedFolder[]> {
    return this.#dropped.add(files);
  }

  async open(config: RunConfig): Promise<Opened> {
    this.asked.push(`open ${config.model}`);
    await this.#wait(20);
    await this.#options.openAfter;
    if (this.#options.openFails) throw new Error(this.#options.openFails);
    return {
      adapter: "Fake adapter",
      software: this.#options.productSeconds !== undefined,
      ...(this.#options.productSeconds !== undefined && { productSeconds: this.#options.productSeconds }),
      model: { name: config.model, parameters: 1_436_160, view: fakeView },
      resumable: this.#options.resumable,
    };
  }

  async memory(config: RunConfig, memoryBytes: number | null): Promise<RunMemory> {
    await this.#wait(10);
    const found = fakeEstimate(config);
    const fit = await fitOf(config, found, {
      memoryBytes,
      estimating: async (changes) => fakeEstimate({ ...config, ...changes }),
    });
    return { found, fit, notes: ["a scene: 28 tokens of prompt"], adapterName: "Fake adapter", software: false };
  }

  async start(config: RunConfig): Promise<string> {
    this.asked.push(`start ${config.bonus} ${config.objects}`);
    await this.#wait(10);
    const name = this.#beside ? `beside-${++this.#beside.begun}` : `needle-${this.#stored.size + 1}`;
    return this.#begin(name, config, 0);
  }

  async resume(name: string, changes: Partial<RunConfig> = {}): Promise<RunConfig> {
    this.asked.push(`resume ${name}`);
    const config = { ...(await this.settings(name)), ...changes };
    this.#begin(name, config, this.#savedStep(name));
    return config;
  }

  #begin(name: string, config: RunConfig, resumedAt: number): string {
    this.#name = name;
    this.#log = [];
    this.#changes = {};
    this.rollouts.begin(name);
    this.#run = fakeEvents(config, { resumedAt, changes: () => this.#changes });
    return name;
  }

  #savedStep(name: string): number {
    const { resumable } = this.#options;
    if (resumable?.name === name) return resumable.step;
    const saved = this.#stored.get(name)?.findLast((event) => event.type === "checkpoint");
    return saved?.step ?? 0;
  }

  /** One event at a time; it rests between two. */
  async nextEvents(asked: Asked): Promise<TrainEvent[] | null> {
    if (asked === "settled") return [];
    const event = await this.next();
    return event && [event];
  }

  async nextCurveEvents(asked: Asked): Promise<CurveEvent[] | null> {
    return (await this.nextEvents(asked))?.filter(isCurveEvent) ?? null;
  }

  async next(): Promise<TrainEvent | null> {
    await this.#wait(1);
    const item = this.#run?.next();
    if (!item || item.done) return null;
    const event = item.value;
    if (event.type === "group" && event.step === this.#options.failAtStep) {
      // Once: the device that is opened next is whole.
      this.#options.failAtStep = undefined;
      this.store(this.#name, this.#log);
      this.#run = null;
      throw new Error("The GPU device was lost (fake_kernel); go on from what was saved last");
    }
    this.#log.push(event);
    if (this.#beside) this.store(this.#name, this.#log);
    this.rollouts.receive(event);
    return event;
  }

  async change(changes: Partial<RunConfig>): Promise<void> {
    this.asked.push(`change ${JSON.stringify(changes)}`);
    Object.assign(this.#changes, changes);
  }

  async save(): Promise<TrainEvent | null> {
    const step = this.#log.findLast((event) => event.type === "update")?.step ?? 0;
    const saved = this.#log.findLast((event) => event.type === "checkpoint")?.step ?? 0;
    if (!this.#run || step === saved) return null;
    this.asked.push(`save ${step}`);
    if (this.#options.full) throw Object.assign(new Error("The browser's storage is full"), { name: "StorageFull" });
    const event: TrainEvent = { type: "checkpoint", step, path: this.#name };
    this.#log.push(event);
    return event;
  }

  async stop(): Promise<void> {
    this.asked.push("stop");
    this.store(this.#name, this.#log);
    this.#run = null;
  }

  async settings(name: string): Promise<RunConfig> {
    const { events } = await this.events(name);
    return (events[0] as Extract<TrainEvent, { type: "run" }>).config;
  }

  async pictures(task: Task, config: RunConfig): Promise<Pixels[]> {
    await this.#wait(1);
    return [fakeScene(seedOf(task.id), config.objects)];
  }

  async texts(tokens: number[], _model: string): Promise<string[]> {
    return tokens.map((token) => vocabulary[token] ?? "\uFFFD");
  }

  async profile(): Promise<string | null> {
    return ["decode          3    2.000 ms  100.0 %", "linear.multiply 3    2.000 ms  100.0 %"].join("\n");
  }

  async startWarmup(config: RunConfig, { resume }: { resume: boolean }): Promise<void> {
    this.asked.push(`startWarmup ${config.warmupRows} resume=${resume}`);
    this.#warmupConfig = config;
    const made = resume ? (this.#models.get(trainedName(config))?.step ?? 0) : 0;
    this.#warmup = fakeWarmup(config.seed, config.warmupRows, made);
  }

  async nextWarmup(): Promise<WarmupEvent | null> {
    await this.#wait(3);
    const item = this.#warmup?.next();
    if (!item || item.done) return null;
    const event = item.value;
    if (event.type === "warmup") {
      const { preset, seed, warmupRows: rows } = this.#warmupConfig!;
      const name = trainedName(this.#warmupConfig!);
      const { step, steps } = event;
      this.#models.set(name, { name, preset, seed, rows, step, steps, madeAt: "2026-01-02T03:04:05Z" });
    }
    return event;
  }

  async stopWarmup(): Promise<void> {
    this.asked.push("stopWarmup");
    this.#warmup = null;
  }

  async keepWarmup(): Promise<void> {
    this.asked.push("keepWarmup");
  }

  async models(): Promise<StoredModel[]> {
    return [...this.#models.values()];
  }

  async removeModel(name: string): Promise<void> {
    this.#models.delete(name);
  }

  async runs(): Promise<StoredRun[]> {
    return [...this.#stored].map(([name, events]) => {
      const head = events[0] as Extract<TrainEvent, { type: "run" }>;
      const step = events.filter((event) => event.type === "update").length;
      return {
        name,
        ...this.records.titleOf(name),
        preset: head.config.preset,
        seed: head.config.seed,
        step,
        savedStep: this.#savedStep(name),
        steps: head.config.steps,
        startedAt: head.startedAt,
        writer: null,
        settings: {
          preset: head.config.preset,
          ...Object.fromEntries(differences(head.config, resolveConfig({})).map((key) => [key, head.config[key]])),
        },
        summary: events.reduce(withEvent, noSummary),
        sizeBytes: 1000 * events.length,
      };
    });
  }

  async events(name: string): Promise<EventsFile> {
    return { events: this.#eventsOf(name), notices: [], leftOut: 0, unreadKnobs: new Set() };
  }

  #eventsOf(name: string): TrainEvent[] {
    const events = this.#stored.get(name);
    if (!events) throw new Error(`There is no run "${name}"; choose one from the list`);
    return events;
  }

  async curves(name: string): Promise<CurveEvent[]> {
    const { events } = await this.events(name);
    return curveEvents(events.map((event) => `${JSON.stringify(event)}\n`).join(""), name);
  }

  async remove(name: string): Promise<void> {
    this.#stored.delete(name);
  }

  async exportModel(run: string | null): Promise<ExportedModel> {
    const step =
      run === null ? (this.#log.findLast((event) => event.type === "update")?.step ?? 0) : this.#savedStep(run);
    if (run !== null && step === 0) throw new Error(`The run "${run}" has no checkpoint`);
    const files = ["model.safetensors", "config.json"].map((name) => ({
      name,
      bytes: new TextEncoder().encode(`${name} of ${run ?? this.#name} after ${step}`),
    }));
    return { run: run ?? this.#name, step, files };
  }

  /** Another worker over the same storage. */
  beside(options: FakeOptions = this.#options): FakeRun {
    const other = new FakeRun(options);
    other.#stored = this.#stored;
    other.#beside = this.#besides;
    return other;
  }

  readonly #besides = { begun: 0 };

  /** Puts a run among the stored ones. */
  store(name: string, events: TrainEvent[]): void {
    if (events.length > 0) this.#stored.set(name, events);
  }

  #wait(times: number): Promise<void> | undefined {
    const ms = (this.#options.delayMs ?? 0) * times;
    return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
  }
}

const fakeView = { factor: 16, minPixels: 4096, maxPixels: 4096 };

const vocabulary: string[] = [];
const idOf = (text: string): number => {
  const at = vocabulary.indexOf(text);
  return at >= 0 ? at : vocabulary.push(text) - 1;
};
const pieces =
  /<\|[a-z_]+\|>|<\/?[a-z_]+>|\n\{"name": "image_zoom_in_tool", "arguments": \{"bbox_2d": \[|\], "label": "the|"\}\}\n|, |user\n|assistant\n|What digit is on the| [a-z]+|\d+|[\s\S]/g;
const encode = (text: string): number[] => (text.match(pieces) ?? []).map(idOf);
const picture = `<|vision_start|>${"<|image_pad|>".repeat(16)}<|vision_end|>`;

const seedOf = (id: string): number =>
  [...id].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7) >>> 0;
const rise = (t: number, centre: number, speed: number): number => 1 / (1 + Math.exp(-(t - centre) * speed));

/** The events of a whole run. */
export function* fakeEvents(
  config: RunConfig,
  { resumedAt = 0, changes = () => ({}) }: { resumedAt?: number; changes?: () => Partial<RunConfig> } = {},
): Generator<TrainEvent, void, void> {
  const model = { name: config.model, parameters: 1_436_160, view: fakeView };
  yield {
    type: "run",
    format: 2,
    config,
    model,
    adapter: "Fake adapter",
    resumedAt,
    startedAt: "2026-01-02T03:04:05Z",
  };
  for (let made = resumedAt; made < (changes().steps ?? config.steps); made++) {
    // As in a run: an update counts itself, what leads to it does not
    const step = made + 1;
    const random = randomFrom(config.seed * 1000 + step);
    const tasks = Array.from({ length: config.tasksPerStep }, (_, i) =>
      fakeTask(`needle/${config.seed}/train/${made}/${i}`, config),
    );
    yield { type: "tasks", step, tasks };
    const groups = tasks.map((task, taskIndex) =>
      fakeGroup(
        Array.from({ length: config.rolloutsPerTask }, (_, i) => fakeRollout(task, config, random, step, taskIndex, i)),
      ),
    );
    const rollouts = groups.flat();
    for (let i = 1; i <= 6; i++) {
      yield {
        type: "decode",
        step,
        turn: i < 4 ? 1 : 2,
        tokens: rollouts.length * 3 * i,
        waiting: Math.round(rollouts.length * (1 - i / 7)),
        done: Math.floor((rollouts.length * i) / 7),
      };
    }
    yield { type: "decode", step, turn: 2, tokens: rollouts.length * 18, waiting: 0, done: rollouts.length };
    for (const [taskIndex, group] of groups.entries()) yield { type: "group", step, taskIndex, rollouts: group };
    yield {
      type: "update",
      step,
      metrics: { ...stepMetrics(tasks, groups), ...fakeUpdate(step, config, random), ...fakeMetrics(rollouts) },
      durationMs: 1000,
      rollMs: 600 + 100 * random(),
      updateMs: 300,
    };
    if (step === 12)
      yield {
        type: "alarm",
        step,
        message: "Zooming has dropped from 0.62 to 0.41 in ten steps; a larger bonusWeight would pay for it",
      };
    if (config.evalEvery > 0 && step % config.evalEvery === 0) {
      yield {
        type: "eval",
        step,
        tasks: config.evalTasks,
        greedy: true,
        metrics: { accuracy: rise(step, 10, 0.25) },
        durationMs: 400,
      };
    }
    if (step % config.saveEvery === 0) yield { type: "checkpoint", step, path: `checkpoints/${step}` };
  }
  yield { type: "end", step: config.steps, reason: "done" };
}

function fakeTask(id: string, config: RunConfig): Task {
  const [target] = fakeObjects(seedOf(id), config.objects);
  const question = `What digit is on the ${target!.colour} ${target!.shape}?`;
  return {
    id,
    source: "needle",
    question,
    answer: target!.digit,
    imageSizesPx: [{ width: 512, height: 512 }],
    goldBoxSourcePx: target!.box,
  };
}

function fakeRollout(
  task: Task,
  config: RunConfig,
  random: () => number,
  step: number,
  taskIndex: number,
  rolloutIndex: number,
): Rollout {
  const zooms = config.zoom && random() < 0.3 + 0.68 * rise(step, 6, 0.5);
  const [left, top, right, bottom] = task.goldBoxSourcePx!;
  const half = 45 + random() * (60 - 25 * rise(step, 10, 0.3));
  const shift = (random() - 0.5) * 60;
  const centre = [(left + right) / 2 + shift, (top + bottom) / 2 - shift];
  const box = centre.flatMap((at) => Math.min(Math.max(Math.round(at - half), 0), 512 - 2 * Math.round(half)));
  const boxSourcePx: Box = [box[0]!, box[1]!, box[0]! + 2 * Math.round(half), box[1]! + 2 * Math.round(half)];
  const boxWritten = boxSourcePx.map((at) => Math.min(1000, Math.round(at / 5.12) * 10));
  const malformed = random() < 0.12 * (1 - rise(step, 5, 0.5));
  const right1 = random() < (zooms && config.crop === "source" ? 0.6 + 0.37 * rise(step, 8, 0.4) : 0.1);
  const answer = malformed
    ? null
    : right1
      ? task.answer
      : String((Number(task.answer) + 1 + Math.floor(random() * 9)) % 10);
  const label = task.question.slice("What digit is on ".length, -1);
  const written = (text: string): Segment => {
    const tokens = encode(text);
    const logprobs = tokens.map((token) =>
      /^\d+$/.test(vocabulary[token]!) ? Math.log(0.3 + 0.65 * random()) : -0.002 - 0.02 * random(),
    );
    return {
      source: "model",
      tokens,
      logprobs,
      entropies: logprobs.map((logprob) => -logprob * (1 + random())),
      images: [],
    };
  };
  const given = (source: "prompt" | "tool", text: string, image: number): Segment => ({
    source,
    tokens: encode(text),
    logprobs: [],
    entropies: [],
    images: [image],
  });
  const last = malformed ? "<answer>" : `<answer>${answer}</answer><|im_end|>`;
  const segments = [
    given("prompt", `<|im_start|>user\n${picture}${task.question}<|im_end|>\n<|im_start|>assistant\n`, 0),
  ];
  const calls: ToolCall[] = [];
  if (zooms) {
    segments.push(
      written(
        `<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [${boxWritten.join(", ")}], "label": "${label}"}}\n</tool_call><|im_end|>`,
      ),
    );
    segments.push(
      given(
        "tool",
        `\n<|im_start|>user\n<tool_response>${picture}</tool_response><|im_end|>\n<|im_start|>assistant\n`,
        1,
      ),
    );
    calls.push({
      segment: 1,
      name: "image_zoom_in_tool",
      outcome: "ok",
      boxWritten,
      boxSourcePx,
      imageIndex: 0,
      label,
      iou: overlap(boxSourcePx, task.goldBoxSourcePx!),
      ...(creditsCalls(config) && { probe: { from: 0, before: 0.2, after: answer === task.answer ? 0.9 : 0.3 } }),
    });
  }
  segments.push(written(last));
  const right2 = answer === task.answer;
  const zoom = config.bonus === "unconditional" ? zooms : config.bonus === "conditional" && zooms && right2;
  const parts = {
    answer: right2 ? config.answerWeight : 0,
    format: malformed ? -config.formatWeight : 0,
    zoom: zoom ? config.bonusWeight : 0,
  };
  return {
    id: `${step}·${taskIndex}·${rolloutIndex}`,
    step,
    taskIndex,
    rolloutIndex,
    task: task.id,
    segments,
    calls,
    answer,
    end: malformed ? "malformed" : "answer",
    reward: { parts, total: parts.answer + parts.format + parts.zoom, right: right2, verdict: "exact" },
    advantage: null,
  };
}

function fakeGroup(rollouts: Rollout[]): Rollout[] {
  const totals = rollouts.map((rollout) => rollout.reward!.total);
  const mean = totals.reduce((sum, total) => sum + total, 0) / totals.length;
  const deviation = Math.sqrt(
    totals.reduce((sum, total) => sum + (total - mean) ** 2, 0) / Math.max(1, totals.length - 1),
  );
  return rollouts.map((rollout, i) => ({ ...rollout, advantage: (totals[i]! - mean) / (deviation + 1e-6) }));
}

function fakeMetrics(rollouts: readonly Rollout[]): Record<string, number> {
  const mean = (of: (rollout: Rollout) => number): number =>
    rollouts.reduce((sum, rollout) => sum + of(rollout), 0) / rollouts.length;
  const cellLabel = (rollout: Rollout): Segment[] => rollout.segments.filter((segment) => segment.source === "model");
  return {
    accuracy: mean((rollout) => Number(rollout.reward!.right)),
    zoom_rate: mean((rollout) => rollout.calls.length),
    reward: mean((rollout) => rollout.reward!.total),
    "reward/answer": mean((rollout) => rollout.reward!.parts.answer!),
    "reward/zoom": mean((rollout) => rollout.reward!.parts.zoom!),
    "reward/format": mean((rollout) => rollout.reward!.parts.format!),
    iou: mean((rollout) => rollout.calls[0]?.iou ?? 0),
    response_tokens: mean((rollout) => cellLabel(rollout).reduce((sum, segment) => sum + segment.tokens.length, 0)),
    entropy: mean((rollout) => cellLabel(rollout).at(-1)!.entropies[0]!),
  };
}

/** What an update of the weights adds. */
function fakeUpdate(step: number, config: RunConfig, random: () => number): Record<string, number> {
  const loss = 0.02 * (random() - 0.5);
  const kl = 1e-4 * step * (0.5 + random());
  return {
    loss: loss + 0.01 * kl,
    policy_loss: loss,
    kl_loss: kl,
    clip_fraction: 0.02 * random(),
    clip_fraction_lower: 0,
    ppo_kl: 1e-5 * random(),
    ratio_drift: 0,
    grad_norm: 0.3 + 2 * Math.exp(-step / 10) * random(),
    learning_rate: config.learningRate,
    updates: 1,
  };
}

function overlap(a: Box, b: Box): number {
  const area = (box: Box): number => Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
  const both = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return both / (area(a) + area(b) - both);
}

function* fakeWarmup(seed: number, rows: number, made: number): Generator<WarmupEvent, void, void> {
  const random = randomFrom(seed);
  const steps = Math.max(1, Math.round(rows / 256 / 10));
  for (let step = made + 1; step <= steps; step++) {
    yield {
      type: "warmup",
      stage: "warm",
      step,
      steps,
      loss: 3 * Math.exp((-3 * step) / steps) + 0.2 * random(),
      gradNorm: 1,
      rows: 256 * step,
      durationMs: 60,
    };
  }
  for (const greedy of [false, true]) {
    const metrics = { accuracy: greedy ? 0.31 : 0.26, zoom_rate: greedy ? 0.2 : 0.35 };
    yield { type: "eval", step: steps, tasks: 256, greedy, metrics, durationMs: 10 };
  }
  yield { type: "end", step: steps, reason: "done" };
}

/** Weights of 2 GiB, and activations by the number of rollouts; checkpointing halves these. */
function fakeEstimate({ tasksPerStep, rolloutsPerTask, gradientCheckpointing }: RunConfig): Estimate {
  const activations = (tasksPerStep * rolloutsPerTask * 2 ** 26) / (gradientCheckpointing === "on" ? 2 : 1);
  const workload = {
    promptTokens: 28,
    promptPatches: 64,
    modelTokens: 23,
    observationTokens: 24,
    observationPatches: 64,
  };
  const line = (what: string, bytes: number) => ({ what, usualBytes: bytes, mostBytes: bytes });
  return {
    parameters: 1_436_160,
    trainedParameters: 1_436_160,
    usual: workload,
    most: workload,
    isKnown: true,
    memory: [line("weights", 2 ** 31), line("activations", activations)],
    usualBytes: 2 ** 31 + activations,
    mostBytes: 2 ** 31 + 2 * activations,
    mostProblem: "",
    pictureBytes: 0,
    flops: { prefill: 0, token: 0, forward: 0, backward: 0, reference: 0 },
  };
}
