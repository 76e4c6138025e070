import type { JudgeWords } from "../../agent/rollout.ts";
import { ServerFailure } from "../../connection/failure.ts";
import type { ServerConnection } from "../../connection/server_connection.ts";
import { excerpt } from "../../connection/server_sentence.ts";
import type { JudgeRequest } from "../connection/request.ts";
import type { JudgeCounts } from "./counts.ts";
import { keptWords, saidBefore } from "./judge_words.ts";
import { cacheKey, type VerdictCache } from "./verdict_cache.ts";
import { verdictInText } from "./verdict_text.ts";

/** Takes what was asked and said. */
export type OnExchange = (words: JudgeWords) => void;

/** Which of a server's models is asked; without it the connection's own. */
export interface AskedModel {
  /** "" for the connection's own. */
  model: string;
  /** 0 for the only or first vote of a model; others are sampled, each by a seed of its own, so that they may differ. */
  nth: number;
}

/** The temperature of further votes of a model that is otherwise asked at 0. */
const voteTemperature = 0.7;

/** Asks a model behind a connection, and asks nothing more once the server has refused all questions. */
export class ModelQuestions {
  readonly #connection: ServerConnection;
  readonly #counts: JudgeCounts;
  readonly #cache: VerdictCache;
  /** False once the server refused a schema. */
  #schema = true;
  /** Why no question can be answered, once one was refused so. */
  #refused: ServerFailure | null = null;
  readonly #asked: AskedModel;
  /** As its server calls it; empty until it was asked where the server chooses. */
  name: string;

  constructor(
    connection: ServerConnection,
    counts: JudgeCounts,
    { cache, asked = { model: "", nth: 0 } }: { cache: VerdictCache; asked?: AskedModel },
  ) {
    this.#connection = connection;
    this.#counts = counts;
    this.#cache = cache;
    this.#asked = asked;
    this.name = asked.model;
  }

  /** The reply to one question. @param onExchange  gets the question and what came of it, also where that is a failure @throws ServerFailure */
  ask(request: JudgeRequest, signal: AbortSignal | undefined, onExchange?: OnExchange): Promise<string> {
    return this.#unlessRefused(async () => {
      const model = await this.#model(signal);
      let latencyMs: number | null = null;
      const took = (durationMs: number) => {
        latencyMs = durationMs;
      };
      const report = (reply: string | null) => onExchange?.(keptWords(request, { model, reply, latencyMs }));
      try {
        const reply = await this.#connection.complete({ model, ...request }, signal, took);
        report(reply);
        return reply;
      } catch (error) {
        report(saidBefore(error));
        throw error;
      }
    });
  }

  /**
   * A verdict of 0 or 1, bound to a schema, and asked for by instruction alone once the server has
   * refused one. The same question is asked once: its reply is cached.
   * @throws ServerFailure
   */
  async verdict(
    request: (withSchema: boolean) => JudgeRequest,
    signal: AbortSignal | undefined,
    onExchange?: OnExchange,
  ): Promise<boolean> {
    if (!this.#schema) return this.#cached(request(false), signal, onExchange);
    try {
      return await this.#cached(request(true), signal, onExchange);
    } catch (error) {
      if (!(error instanceof ServerFailure) || error.kind !== "bad_request") throw error;
      // Either the schema is refused or the question itself; the second request shows which.
      const right = await this.#cached(request(false), signal, onExchange);
      this.#schema = false;
      return right;
    }
  }

  async #model(signal: AbortSignal | undefined): Promise<string> {
    this.name = this.#asked.model || (await this.#connection.model(signal));
    return this.name;
  }

  async #cached(asked: JudgeRequest, signal: AbortSignal | undefined, onExchange?: OnExchange): Promise<boolean> {
    const model = await this.#unlessRefused(() => this.#model(signal));
    const { nth } = this.#asked;
    const request =
      nth === 0 ? asked : { ...asked, temperature: voteTemperature, extra: { ...asked.extra, seed: nth } };
    const key = await cacheKey([this.#connection.address.base, model, request]);
    const stored = await this.#cache.get(key).catch(() => null);
    const reply = stored ?? (await this.ask(request, signal, onExchange));
    if (stored !== null) onExchange?.(keptWords(request, { model, reply, latencyMs: null }));
    const right = verdictInText(reply);
    if (right === null)
      throw new ServerFailure(
        "unparsable",
        `Expected a verdict of 0 or 1 from the judge, found ${excerpt(reply)}; choose a judge that keeps to the form`,
      );
    if (stored !== null) this.#counts.fromCache++;
    else await this.#cache.put(key, reply).catch(() => {});
    return right;
  }

  async #unlessRefused<T>(question: () => Promise<T>): Promise<T> {
    if (this.#refused !== null) throw this.#refused;
    try {
      return await question();
    } catch (error) {
      if (error instanceof ServerFailure && error.isPermanent) {
        this.#refused = error;
        this.#counts.unusable = error.message;
      }
      throw error;
    }
  }
}
