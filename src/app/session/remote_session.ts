import type { Rollout } from "../../agent/rollout.ts";
import type { ConnectionParts } from "../../connection/server_connection.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import type { Chat } from "../../policy/chat.ts";
import { openChat } from "../../policy/chats.ts";
import { PieceVocabulary } from "../../policy/elsewhere/piece_vocabulary.ts";
import { RemotePolicy, type RemoteSettings } from "../../policy/elsewhere/remote_policy.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { type RollingOptions, rollTasks } from "../../train/evaluation.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { RollingParts } from "../../train/run_parts.ts";
import { evaluateHeldOut, heldOutTasks } from "./held_out.ts";
import { PicturePool } from "./picture_pool.ts";
import { type FamilyView, remoteView } from "./remote_view.ts";
import { type JudgeAccess, type OwnParts, openRunContext, type RunContext } from "./run_context.ts";
import type { Evaluation, RollingSession, Session } from "./session.ts";

/** Narrowest cut that the zoom makes, source px; as for models here. */
const minCropPx = 32;

/** A policy elsewhere, and what is read of its replies. */
export interface PolicyServer extends RemoteSettings {
  /** `model_type` of the model's family, which says what its boxes mean; null: by its name. */
  family: string | null;
}

export interface RemoteSessionOptions {
  judgeAccess?: JudgeAccess;
  own?: OwnParts;
  connection?: Partial<ConnectionParts>;
  signal?: AbortSignal;
}

/** A model on a server, and what can be done with it without its weights: its tools are carried out here. */
export class RemoteSession implements RollingSession {
  readonly model: RollingSession["model"];
  readonly adapter: string;
  readonly #policy: RemotePolicy;
  readonly #vocabulary: PieceVocabulary;
  readonly #pool: PicturePool;
  readonly #context: RunContext;
  readonly #chat: Chat;
  readonly #view: FamilyView;
  #config: RunConfig;
  /** Of what is being rolled now. */
  #signal: { current: AbortSignal | undefined };

  /** Asks the server for its models, and opens tasks and judge. @throws Error with one sentence for people */
  static async open(
    platform: Platform,
    config: RunConfig,
    server: PolicyServer,
    { judgeAccess = {}, own, connection, signal }: RemoteSessionOptions = {},
  ): Promise<RemoteSession> {
    const current = { current: signal };
    const vocabulary = new PieceVocabulary();
    const withoutTools = new WeakSet<readonly number[]>();
    const isNamed = server.model !== "";
    const parts = {
      vocabulary,
      isNamed,
      tools: [],
      withoutTools,
      view: { factor: 1, minPixels: 1, maxPixels: 1 },
      signal: () => current.current,
    };
    // The family, which pictures depend on, is known by the model's name.
    const asking = new RemotePolicy(server, parts, connection);
    const model = await asking.findModel();
    const view = remoteView(model, server.family);
    const limits = { ...view.limits, maxPixels: config.maxPixels || view.limits.maxPixels };
    limits.minPixels = Math.min(limits.minPixels, limits.maxPixels);
    const pool = new PicturePool((width, height) => smartResize(height, width, limits, "transformers"), null);
    try {
      const context = await openRunContext(config, {
        platform,
        tokenizer: vocabulary,
        view: limits,
        pool,
        judgeAccess,
        own,
      });
      const { tools } = context;
      const policy = new RemotePolicy({ ...server, model }, { ...parts, tools, view: limits }, connection);
      policy.model = model;
      if (view.isGuess)
        policy.notices.add(
          `The name ${JSON.stringify(model)} says no family of models: boxes are read as a ${view.family} writes them; say what they mean where that is wrong (on the command line with --policy-family)`,
        );
      return new RemoteSession({ policy, vocabulary, pool, context, view: { ...view, limits }, withoutTools, current });
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  private constructor(parts: {
    policy: RemotePolicy;
    vocabulary: PieceVocabulary;
    pool: PicturePool;
    context: RunContext;
    view: FamilyView;
    withoutTools: WeakSet<readonly number[]>;
    current: { current: AbortSignal | undefined };
  }) {
    const { policy, context, view, vocabulary } = parts;
    this.#policy = policy;
    this.#vocabulary = vocabulary;
    this.#pool = parts.pool;
    this.#context = context;
    this.#config = context.config;
    this.#view = view;
    this.#signal = parts.current;
    this.model = { name: policy.model ?? "", view: view.limits };
    this.adapter = `a server at ${policy.connection.address.base}`;
    const chat = policy.settings.toolForm === "native" ? openChat(context.config.prompt, vocabulary, []) : context.chat;
    this.#chat = {
      ...chat,
      prompt: (opening, imageTokens) => {
        const tokens = chat.prompt(opening, imageTokens);
        if (opening.tools === false) parts.withoutTools.add(tokens);
        return tokens;
      },
    };
  }

  /** What is known of the server by now, in sentences. */
  get notices(): readonly string[] {
    return [...this.#policy.notices];
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
    if (causal) throw new Error(needsWeights("causal", "--policy-url"));
    this.#signal.current = signal;
    const { config, ...parts } = this.#parts(signal);
    return evaluateHeldOut({ config, ...parts }, this.#config, asked);
  }

  async *roll({ tasks: count, signal, ...options }: Parameters<Session["roll"]>[0]): ReturnType<Session["roll"]> {
    this.#signal.current = signal;
    const parts = this.#parts(signal);
    yield* rollTasks(parts, await heldOutTasks(parts.source, this.#config, count), options);
  }

  async *rollTasks(
    tasks: readonly Task[],
    { source, signal, ...options }: RollingOptions & { source: Pick<TaskSource, "pictures">; signal?: AbortSignal },
  ): AsyncGenerator<{ task: Task; rollouts: Rollout[] }> {
    this.#signal.current = signal ?? this.#signal.current;
    const parts = this.#parts(signal);
    yield* rollTasks({ ...parts, source: { ...parts.source, ...source } }, tasks, options);
  }

  texts(tokens: readonly number[]): string[] {
    return this.#vocabulary.texts(tokens);
  }

  change(changes: Partial<RunConfig>): void {
    this.#config = { ...this.#config, ...changes };
  }

  profile(): null {
    return null;
  }

  close(): void {
    this.#pool.close();
  }

  #parts(signal: AbortSignal | undefined): RollingParts {
    const { source, judge, reward, tools, missing } = this.#context;
    if (missing) throw missing;
    return {
      config: () => this.#config,
      source,
      judge,
      reward,
      tools,
      policy: this.#policy,
      chat: this.#chat,
      tokenizer: this.#vocabulary,
      view: {
        frame: this.#view.frame,
        minSidePx: Math.max(minCropPx, this.#view.limits.factor),
        modelInput: (pixels) => this.#pool.modelInput(pixels),
        // How many a picture is to the model, its server may say.
        imageTokens: () => 1,
      },
      ...(signal ? { signal } : {}),
    };
  }
}

/** The sentence for something that only a model here can do. */
export const needsWeights = (what: string, where: string): string =>
  `${what} needs the probabilities of a model's weights, which a server does not give; leave it out, or leave ${where} out and ask a model here`;
