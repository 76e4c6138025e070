import type { Rolled } from "../../agent/loop.ts";
import { decodePixels } from "../../image/decode.ts";
import { inputImage } from "../../model/vision_rows.ts";
import type { NamedBytes } from "../../platform.ts";
import type { Passage } from "../../policy/policy.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { resolveConfig } from "../../train/config.ts";
import type { Metrics, TrainEvent } from "../../train/events.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { rollAndScore } from "../../train/rolling.ts";
import type { GpuSession } from "../session/gpu_session.ts";
import type { OwnParts } from "../session/run_context.ts";
import type { Evaluation } from "../session/session.ts";
import type { Host } from "./host.ts";
import type { Answer, GenerateOptions, Prompt, RolledGroup, RollOptions } from "./model_requests.ts";
import { TurnTaking } from "./turn_taking.ts";

/**
 * A model on a GPU: it generates from text and pictures, computes log-probabilities, rolls out tasks with tools and is
 * trained on the rollouts. One call runs at a time: a call waits for those before it, and is refused where a run is in the
 * middle of a step.
 */
export class OpenModel {
  readonly #session: GpuSession;
  readonly #host: Host;
  #config: RunConfig;
  readonly #turns = new TurnTaking();

  /** @param own  what it was opened with in the place of knobs */
  constructor(
    session: GpuSession,
    config: RunConfig,
    readonly own: OwnParts,
    host: Host,
  ) {
    this.#session = session;
    this.#config = config;
    this.#host = host;
  }

  /** The name by which it was opened. */
  get name(): string {
    return this.#session.model.name;
  }

  /** Number of parameters. */
  get parameters(): number {
    return this.#session.model.parameters;
  }

  /** The graphics card, e.g. "Apple M2" or "SwiftShader (software)". */
  get adapter(): string {
    return this.#session.adapter;
  }

  /** What a person should know about its files, in sentences. */
  get notices(): readonly string[] {
    return this.#session.notices;
  }

  /** Every knob, as it was opened or as the last run on it had it. */
  get settings(): Readonly<RunConfig> {
    return this.#config;
  }

  /** Where its tasks come from: generated scenes, the files of `data`, or your own. */
  get tasks(): TaskSource {
    return this.#session.parts().source;
  }

  /** The session that `train` drives. */
  get session(): GpuSession {
    return this.#session;
  }

  /** Token ids of a text, nothing added. @throws Error where the tokenizer's pattern takes too long on it */
  encode(text: string): number[] {
    return this.#session.tokenizer.encode(text);
  }

  /** Text of token ids, special tokens kept. */
  decode(tokens: readonly number[]): string {
    return this.#session.tokenizer.decode(tokens);
  }

  /**
   * Answers to a prompt, each up to its stop token or `maxTokens`. Tool calls are only text here; `roll` carries them out.
   * Log-probabilities are natural, one a token, under the distribution that was sampled from.
   * @throws Error in one sentence: a picture that cannot be decoded, or a prompt that the cache cannot hold
   */
  generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Answer[]> {
    return this.#turns.alone(() => this.#generate(prompt, options));
  }

  async #generate(prompt: Prompt, options: GenerateOptions): Promise<Answer[]> {
    const { maxTokens = 64, temperature = 1, seed = 0, count = 1 } = options;
    expectWhole("maxTokens", maxTokens);
    expectWhole("count", count);
    const { policy, chat, tokenizer } = this.#session.parts();
    const conversations = await policy.begin([await this.#passage(prompt)], count, maxTokens, {
      seed,
      step: 0,
      temperature,
      suppressed: chat.reserved,
      stops: chat.stops,
    });
    try {
      const writing = conversations.write(
        Array.from({ length: count }, (_, row) => row),
        maxTokens,
      );
      let next = await writing.next();
      while (!next.done) next = await writing.next();
      return next.value.map((turn) => ({
        ...turn,
        text: tokenizer.decode(turn.tokens, { withoutSpecial: true }),
      }));
    } finally {
      conversations.close();
    }
  }

  /**
   * Natural log-probabilities of an answer's tokens after a prompt, one a token; the same bits as `generate` gives for
   * the same tokens at the same temperature.
   * @param answer  its text, or its token ids with the stop token where that is wanted
   */
  logprobs(prompt: Prompt, answer: string | readonly number[], temperature = 1): Promise<Float32Array> {
    return this.#turns.alone(() => this.#logprobs(prompt, answer, temperature));
  }

  async #logprobs(prompt: Prompt, answer: string | readonly number[], temperature: number): Promise<Float32Array> {
    const tokens = typeof answer === "string" ? this.encode(answer) : [...answer];
    if (tokens.length === 0) return new Float32Array();
    const { chat } = this.#session.parts();
    const { tokens: prefix, images: pictures } = await this.#passage(prompt);
    const { vision } = this.#session.qwen.config;
    const targets = tokens.map((token, i) => ({ at: i - 1, token, weight: 0 }));
    const images = pictures.map((pixels) => inputImage(pixels, vision));
    return this.#session.logprobs(
      [{ prefix: { tokens: prefix, images }, sequences: [{ tokens, images: [], targets }] }],
      { temperature, suppressed: chat.reserved },
    );
  }

  /**
   * Makes `rolloutsPerTask` rollouts of each task, tool calls included, and scores them. Any knob may be given as well.
   * @throws Error in one sentence, and the signal's reason where that stops it
   */
  roll(tasks: readonly Task[], options: RollOptions = {}): Promise<RolledGroup[]> {
    return this.#turns.alone(() => this.#roll(tasks, options));
  }

  async #roll(tasks: readonly Task[], options: RollOptions): Promise<RolledGroup[]> {
    const { pictures, step = 0, greedy = false, signal, ...changes } = options;
    const parts = this.#session.parts();
    const config = resolveConfig({ ...this.#config, ...changes });
    const { rolloutsPerTask } = config;
    const read = async (task: Task) =>
      pictures ? (await pictures(task)).map((picture) => ({ ...picture })) : parts.source.pictures(task);
    const rolling = rollAndScore({ ...parts, config: () => config, signal }, tasks, read, {
      step,
      rolloutsPerTask,
      greedy,
    });
    let next = await rolling.next();
    while (!next.done) next = await rolling.next();
    const { rollouts, promptImages, toolImages } = next.value;
    return tasks.map((task, i) => ({
      task,
      rollouts: rollouts[i]!,
      promptImages: promptImages[i]!,
      toolImages: toolImages[i]!,
    }));
  }

  /**
   * One step of the optimizer on groups whose rollouts have advantages; those whose advantage is null are left out. Knobs
   * such as `learningRate` may be given.
   * @param step  counted from 0, for the warm-up of the learning rate
   * @returns     loss, gradient norm and the like by the names of the run's metrics
   * @throws Error where the model was not opened with `trainable`
   */
  async update(groups: readonly RolledGroup[], step: number, changes: Partial<RunConfig> = {}): Promise<Metrics> {
    this.#session.expectTrainable();
    const rolled: Rolled = {
      rollouts: groups.map((group) => group.rollouts),
      promptImages: groups.map((group) => group.promptImages),
      toolImages: groups.map((group) => group.toolImages),
    };
    const config = resolveConfig({ ...this.#config, ...changes });
    return this.#turns.alone(() => this.#session.update(rolled, step, config));
  }

  /** Accuracy and the like on tasks that are held out of the training, one attempt each. @throws Error where there are none */
  evaluate(options: { tasks: number; greedy?: boolean; signal?: AbortSignal }): Promise<Evaluation> {
    return this.#turns.alone(() => this.#session.evaluate({ greedy: false, ...options }));
  }

  /** The weights in bf16 with the files around them, as a Hugging Face folder; of an adapter, PEFT's files. */
  files(): Promise<NamedBytes[]> {
    return this.#session.exportFiles();
  }

  /** Writes these files. @param folder  new or empty @throws Error in one sentence where it is not, and in a page */
  async save(folder: string): Promise<void> {
    await this.#host.writeFolder(folder, await this.files());
  }

  /** Weights in f32, optimizer and step: everything that training needs to continue. */
  checkpoint(): Promise<{ step: number; files: NamedBytes[] }> {
    return this.#session.checkpoint();
  }

  /** Takes a checkpoint's weights, and its optimizer where the model is trainable. Returns its step. @throws Error where it is another model's */
  restore(files: readonly NamedBytes[]): Promise<number> {
    return this.#turns.alone(() => this.#session.restore(files));
  }

  /**
   * Begins a run on the weights as they are, with a fresh optimizer. `train` calls it.
   * @throws Error where the configuration is one of another model or adapter
   */
  async begin(config: RunConfig, own: OwnParts): Promise<void> {
    this.#session.expectTrainable();
    await this.#session.use(config, own);
    this.#session.qwen.trained.resetOptimizer();
    this.#config = config;
  }

  /** Times of kernels as a table; null unless it was opened with `trace`. */
  profile(): string | null {
    return this.#session.profile();
  }

  /** A run's events; while it goes on there is no other. `train` calls it. @throws Error where there is one already */
  run(events: AsyncGenerator<TrainEvent>): AsyncGenerator<TrainEvent, void> {
    return this.#turns.run(events);
  }

  /** Frees the GPU and its threads, without which a process does not end. The model cannot be used afterwards. */
  close(): void {
    if (this.#turns.closed) return;
    this.#turns.closed = true;
    this.#session.close();
  }

  async #passage({ pictures = [], question = "", messages, tools = false }: Prompt): Promise<Passage> {
    const { chat, view } = this.#session.parts();
    const images = await Promise.all(
      // Another object: what is known of a picture goes by that, and the caller may write into its own again.
      pictures.map(async (picture) =>
        view.modelInput(picture instanceof Uint8Array ? await decodePixels(picture) : { ...picture }),
      ),
    );
    const tokens = chat.prompt({ question, messages, tools }, images.map(view.imageTokens));
    return { tokens, images };
  }
}

function expectWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} must be a whole number of at least 1, found ${value}`);
}
