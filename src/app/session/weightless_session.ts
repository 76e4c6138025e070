import type { Rollout } from "../../agent/rollout.ts";
import type { CoordinateFrame } from "../../image/coordinate_frame.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Chat } from "../../policy/chat.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Vocabulary } from "../../policy/vocabulary.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { type RollingOptions, rollTasks } from "../../train/evaluation.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { RollingParts } from "../../train/run_parts.ts";
import { evaluateHeldOut, heldOutTasks } from "./held_out.ts";
import type { PicturePool } from "./picture_pool.ts";
import type { RunContext } from "./run_context.ts";
import type { Evaluation, RollingSession, Session } from "./session.ts";

/** Narrowest cut that the zoom makes, source px; as for models here. */
const minCropPx = 32;

/** A policy whose weights are not here, and what its rollouts are made with. */
export interface WeightlessParts {
  policy: Policy;
  /** The model, as people call it. */
  name: string;
  /** What runs it, for people. */
  adapter: string;
  /** The flag that named it. */
  where: string;
  vocabulary: Vocabulary;
  chat: Chat;
  context: RunContext;
  pool: PicturePool;
  frame: CoordinateFrame;
  limits: SizeLimits;
  imageTokens: RollingParts["view"]["imageTokens"];
  /** Of what is being rolled now. */
  current: { current: AbortSignal | undefined };
}

/** A model that can be rolled out and not trained: on a server, or as graphs. Its tools are carried out here. */
export class WeightlessSession implements RollingSession {
  readonly model: RollingSession["model"];
  readonly adapter: string;
  readonly #parts: WeightlessParts;
  #config: RunConfig;

  constructor(parts: WeightlessParts) {
    this.#parts = parts;
    this.#config = parts.context.config;
    this.model = { name: parts.name, view: parts.limits };
    this.adapter = parts.adapter;
  }

  /** What a person should know of it, in sentences. */
  get notices(): readonly string[] {
    return [];
  }

  async evaluate({
    signal,
    causal,
    ...asked
  }: {
    tasks: number;
    greedy: boolean;
    causal?: boolean;
    signal?: AbortSignal;
  }): Promise<Evaluation> {
    if (causal) throw new Error(needsWeights("causal", this.#parts.where));
    return evaluateHeldOut(this.#rolling(signal), this.#config, asked);
  }

  async *roll({ tasks: count, signal, ...options }: Parameters<Session["roll"]>[0]): ReturnType<Session["roll"]> {
    const parts = this.#rolling(signal);
    yield* rollTasks(parts, await heldOutTasks(parts.source, this.#config, count), options);
  }

  async *rollTasks(
    tasks: readonly Task[],
    { source, signal, ...options }: RollingOptions & { source: Pick<TaskSource, "pictures">; signal?: AbortSignal },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
    const parts = this.#rolling(signal, this.#parts.current.current);
    yield* rollTasks({ ...parts, source: { ...parts.source, ...source } }, tasks, options);
  }

  texts(tokens: readonly number[]): string[] {
    return this.#parts.vocabulary.texts(tokens);
  }

  change(changes: Partial<RunConfig>): void {
    this.#config = { ...this.#config, ...changes };
  }

  profile(): null {
    return null;
  }

  close(): void {
    this.#parts.context.reader?.close();
    this.#parts.pool.close();
  }

  /** @param otherwise  what stops it where no signal is given */
  #rolling(signal: AbortSignal | undefined, otherwise?: AbortSignal): RollingParts {
    const { context, policy, chat, vocabulary, pool, frame, limits, imageTokens, current } = this.#parts;
    current.current = signal ?? otherwise;
    const { source, judge, reward, tools, reader, missing } = context;
    if (missing) throw missing;
    return {
      config: () => this.#config,
      source,
      judge,
      reward,
      tools,
      policy,
      chat,
      tokenizer: vocabulary,
      ...(reader ? { reader } : {}),
      view: {
        frame,
        minSidePx: Math.max(minCropPx, limits.factor),
        modelInput: (pixels) => pool.modelInput(pixels),
        imageTokens,
      },
      ...(signal ? { signal } : {}),
    };
  }
}

/** The sentence for something that only a model's weights tell. */
export const needsWeights = (what: string, where: string): string =>
  `${what} needs the probabilities of a model's weights, which ${where === "--policy-url" ? "a server does" : "graphs do"} not give; leave it out, or leave ${where} out and ask a model here`;
