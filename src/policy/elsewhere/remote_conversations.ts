import { ServerFailure } from "../../connection/failure.ts";
import type { Pixels } from "../../image/pixels.ts";
import { pngDataUrl } from "../../image/write_png.ts";
import { functionOf } from "../offered_tool.ts";
import type { Conversations, Passage, Sampling, Turn } from "../policy.ts";
import { asToolMessages, type Message, messagesOf, type NativeCall } from "./messages.ts";
import { type Reply, readReply } from "./read_reply.ts";
import { explained, isModelAsked, PolicyUnusable } from "./refusals.ts";
import type { RemotePolicy } from "./remote_policy.ts";
import { turnOf } from "./written_turn.ts";

/** Alternatives that are asked for at each token; OpenAI's interface has at most 20, some servers 5. */
const alternativesAsked = 5;

/** One conversation with the server. */
interface Row {
  messages: Message[];
  /** Its key of random numbers: of the task in the step, and of the rollout. */
  task: number;
  rollout: number;
  turns: number;
  offersTools: boolean;
  pictures: boolean;
  /** Area of its pictures in tokens of the family's models, for a guess at whether the server sees them. */
  pictureTokens: number;
  /** The native call that the next passage answers. */
  called: NativeCall | null;
}

interface Batch {
  prompts: readonly Passage[];
  rolloutsPerPrompt: number;
  sampling: Sampling;
  /** The model that is asked. */
  asked: string;
}

/** The conversations of a batch, each of which a server goes on with turn by turn. */
export class RemoteConversations implements Conversations {
  readonly rows: number;
  readonly #policy: RemotePolicy;
  readonly #batch: Batch;
  readonly #conversations: Promise<Row>[];
  readonly #stop = new AbortController();
  /** A picture is encoded once, however many rollouts show it. */
  readonly #urls = new WeakMap<Pixels, Promise<string>>();

  constructor(policy: RemotePolicy, batch: Batch) {
    this.#policy = policy;
    this.#batch = batch;
    this.rows = batch.prompts.length * batch.rolloutsPerPrompt;
    const { firstTask = 0 } = batch.sampling;
    this.#conversations = batch.prompts.flatMap((passage, task) =>
      Array.from({ length: batch.rolloutsPerPrompt }, (_, rollout) => this.#open(passage, firstTask + task, rollout)),
    );
    // Reported to whoever writes.
    for (const one of this.#conversations) one.catch(() => {});
  }

  get current(): boolean {
    return !this.#stop.signal.aborted;
  }

  async *write(
    rows: readonly number[],
    maxTokens: number,
  ): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]> {
    const done: (Turn | undefined)[] = rows.map(() => undefined);
    const writing = new Map(
      rows.map((row, at) => [at, this.#turn(row, maxTokens).then((turn) => ({ at, turn }))] as const),
    );
    try {
      while (writing.size > 0) {
        const { at, turn } = await Promise.race(writing.values());
        writing.delete(at);
        done[at] = turn;
        if (writing.size > 0)
          yield {
            tokens: done.reduce((sum, one) => sum + (one?.elsewhere?.tokenCount ?? 0), 0),
            waiting: writing.size,
          };
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      await Promise.allSettled(writing.values());
    }
    const turns = done.flatMap((turn) => turn ?? []);
    const failed = turns.find((turn) => turn.failed !== undefined);
    if (turns.some((turn) => turn.failed === undefined)) this.#policy.hasWritten = true;
    else if (failed && !this.#policy.hasWritten) throw new PolicyUnusable(failed.failed!);
    return turns;
  }

  async append(rows: readonly number[], passages: readonly Passage[]): Promise<void> {
    await Promise.all(
      rows.map(async (row, i) => {
        const conversation = await this.#conversations[row]!;
        const messages = await this.#messages(passages[i]!);
        const { called } = conversation;
        conversation.messages.push(...(called ? asToolMessages(messages, called) : messages));
        conversation.called = null;
        this.#show(conversation, passages[i]!);
      }),
    );
  }

  close(): void {
    this.#stop.abort();
  }

  async #open(passage: Passage, task: number, rollout: number): Promise<Row> {
    const { withoutTools } = this.#policy.parts;
    const row: Row = {
      messages: await this.#messages(passage),
      task,
      rollout,
      turns: 0,
      offersTools: !withoutTools.has(passage.tokens),
      pictures: false,
      pictureTokens: 0,
      called: null,
    };
    this.#show(row, passage);
    return row;
  }

  #show(row: Row, { images }: Passage): void {
    const { factor } = this.#policy.parts.view;
    row.pictures ||= images.length > 0;
    row.pictureTokens += images.reduce((sum, { width, height }) => sum + (width * height) / factor ** 2, 0);
  }

  async #messages({ tokens, images }: Passage): Promise<Message[]> {
    const urls = images.map((pixels) => {
      const known = this.#urls.get(pixels) ?? pngDataUrl(pixels);
      this.#urls.set(pixels, known);
      return known;
    });
    return messagesOf(this.#policy.parts.vocabulary.decode(tokens), await Promise.all(urls));
  }

  /** One turn of one row. @throws PolicyUnusable where every row would fail, and the signal's reason */
  async #turn(row: number, maxTokens: number): Promise<Turn> {
    const conversation = await this.#conversations[row]!;
    const given = this.#policy.parts.signal();
    const signal = given ? AbortSignal.any([given, this.#stop.signal]) : this.#stop.signal;
    const { messages, pictures, offersTools } = conversation;
    const native = this.#policy.settings.toolForm === "native" && offersTools && this.#policy.parts.tools.length > 0;
    try {
      const { connection } = this.#policy;
      const reply = await connection.ask(
        {
          messages,
          temperature: this.#batch.sampling.temperature,
          extra: { ...this.#sampling(conversation, maxTokens), ...(native ? { parallel_tool_calls: false } : {}) },
          needed: native ? { tools: this.#policy.parts.tools.map(functionOf), tool_choice: "auto" } : {},
        },
        { read: (answer) => readReply(answer, connection.address.base), signal },
      );
      this.#expectModel(reply);
      this.#notice(conversation, reply);
      conversation.turns++;
      const [called] = native ? reply.calls : [];
      conversation.called = called ?? null;
      const text = called ? reply.content : reply.text;
      messages.push({ role: "assistant", content: text, ...(called ? { tool_calls: [called] } : {}) });
      return turnOf(reply, this.#policy.parts, this.#policy.model ?? this.#batch.asked);
    } catch (error) {
      if (!(error instanceof ServerFailure)) throw error;
      if (given?.aborted) throw given.reason;
      const { sentence, forAll } = explained(error, { pictures, tools: native });
      const redacted = this.#policy.connection.redact(sentence);
      if (forAll) throw new PolicyUnusable(redacted);
      return { tokens: [], logprobs: [], entropies: [], stopped: false, failed: redacted };
    }
  }

  /** The plain distribution: servers would else take the model's own generation_config. */
  #sampling({ task, rollout, turns }: Row, maxTokens: number): Record<string, unknown> {
    const { seed, step } = this.#batch.sampling;
    return {
      max_tokens: maxTokens,
      seed: seedOf([seed, step, task, rollout, turns]),
      top_p: 1,
      top_k: -1,
      min_p: 0,
      repetition_penalty: 1,
      logprobs: true,
      top_logprobs: alternativesAsked,
      stream: false,
    };
  }

  /** @throws PolicyUnusable where another model answers than was asked */
  #expectModel({ model }: Reply): void {
    const { base } = this.#policy.connection.address;
    const { asked } = this.#batch;
    if (model !== null && this.#policy.parts.isNamed && !isModelAsked(asked, model))
      throw new PolicyUnusable(
        `The policy at ${base} was asked for ${JSON.stringify(asked)} and answers as ${JSON.stringify(model)}; name the model that it serves, or serve the other`,
      );
  }

  #notice({ pictures, pictureTokens }: Row, { tokens, promptTokens, calls }: Reply): void {
    const { notices, connection } = this.#policy;
    const { base } = connection.address;
    if (tokens === null)
      notices.add(
        `The policy at ${base} gives no log-probabilities, though they are asked for: probabilities and tokens are shown as unknown; vLLM, SGLang and newer llama.cpp give them`,
      );
    else if (tokens.every(({ alternatives }) => alternatives.length === 0))
      notices.add(
        `The policy at ${base} names no other tokens beside those that were written: alternatives are unknown`,
      );
    // Other families take fewer tokens for a picture; a server that leaves pictures out takes none.
    if (pictures && promptTokens !== null && promptTokens < pictureTokens / 8)
      notices.add(
        `The policy at ${base} counts ${promptTokens} tokens in a prompt whose pictures take about ${Math.round(pictureTokens)}: it may not see them; check that it serves a vision-language model`,
      );
    if (calls.length > 1)
      notices.add(
        `The policy at ${base} writes several calls in a turn, though one is asked for: the first is carried out`,
      );
    for (const change of connection.adaptations) notices.add(`The policy at ${base} is asked ${change}`);
  }
}

/** 31 bits of a key, so that no two turns are sampled alike and each is again under the same seed. FNV-1a. */
function seedOf(key: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(Float64Array.from(key).buffer)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 1;
}
