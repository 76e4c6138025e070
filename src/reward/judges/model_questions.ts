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
export type Hear = (words: JudgeWords) => void;

/** Asks the model behind a connection, and asks nothing more once the server has refused all questions. */
export class ModelQuestions {
  readonly #connection: ServerConnection;
  readonly #counts: JudgeCounts;
  readonly #cache: VerdictCache;
  /** False once the server refused a schema. */
  #schema = true;
  /** Why no question can be answered, once one was refused so. */
  #refused: ServerFailure | null = null;

  constructor(connection: ServerConnection, counts: JudgeCounts, cache: VerdictCache) {
    this.#connection = connection;
    this.#counts = counts;
    this.#cache = cache;
  }

  /** The reply to one question. @param hear  gets the question and what came of it, also where that is a failure @throws ServerFailure */
  ask(request: JudgeRequest, signal: AbortSignal | undefined, hear?: Hear): Promise<string> {
    return this.#unlessRefused(async () => {
      const model = await this.#connection.model(signal);
      let latencyMs: number | null = null;
      const took = (durationMs: number) => {
        latencyMs = durationMs;
      };
      const heard = (reply: string | null) => hear?.(keptWords(request, { model, reply, latencyMs }));
      try {
        const reply = await this.#connection.complete(request, signal, took);
        heard(reply);
        return reply;
      } catch (error) {
        heard(saidBefore(error));
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
    hear?: Hear,
  ): Promise<boolean> {
    if (!this.#schema) return this.#cached(request(false), signal, hear);
    try {
      return await this.#cached(request(true), signal, hear);
    } catch (error) {
      if (!(error instanceof ServerFailure) || error.kind !== "bad_request") throw error;
      // Either the schema is refused or the question itself; the second request shows which.
      const right = await this.#cached(request(false), signal, hear);
      this.#schema = false;
      return right;
    }
  }

  async #cached(request: JudgeRequest, signal: AbortSignal | undefined, hear?: Hear): Promise<boolean> {
    const model = await this.#unlessRefused(() => this.#connection.model(signal));
    const key = await cacheKey([this.#connection.address.base, model, request]);
    const stored = await this.#cache.get(key).catch(() => null);
    const reply = stored ?? (await this.ask(request, signal, hear));
    if (stored !== null) hear?.(keptWords(request, { model, reply, latencyMs: null }));
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
