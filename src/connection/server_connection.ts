import { readServerAddress, type ServerAddress, ServerKey } from "./address.ts";
import { exchange } from "./exchange.ts";
import { type FailureKind, ServerFailure } from "./failure.ts";
import { Limiter } from "./limiter.ts";
import { failureOf, replyText } from "./reply.ts";
import { type Adaptation, adaptationTexts, adapted, type Body, refusedField, withoutField } from "./request_fields.ts";
import { type Asked, type ServerRole, stoppedText } from "./server_role.ts";
import { errorIn } from "./server_sentence.ts";
import { addUse, noUse, type TokenPrices, type TokenUse } from "./usage.ts";

/** One OpenAI chat completion without what only the connection knows. */
export interface ChatRequest {
  /** Another than the connection's own. */
  model?: string;
  messages: readonly object[];
  temperature: number;
  /** Sent along with the request where a server knows it. */
  extra?: Record<string, unknown>;
  /** Sent as well, and never left out: a server that does not take it cannot be used. */
  needed?: Record<string, unknown>;
}

/** How a chat completion is asked for. */
export interface Asking<T> {
  /** What the answer says; throws a ServerFailure for one that cannot be used. */
  read: (answer: unknown) => T;
  signal?: AbortSignal;
  /** Gets the time from sending a request to its reply or failure, for each that is sent. */
  took?: (durationMs: number) => void;
}

/** How one endpoint is asked. */
export interface ConnectionSettings {
  /** What it is to the person who reads its failures. */
  role: ServerRole;
  /** e.g. http://127.0.0.1:18901/v1 */
  url: string;
  /** Empty: the first that the server names, as DeepEyes does. */
  model: string;
  /** Null where the server asks for none. */
  key: string | null;
  /** Questions at once. */
  concurrency: number;
  timeoutMs: number;
  /** Further tries after a transient failure. */
  retries: number;
  /** First wait before another try; doubles each time, with random jitter. */
  backoffMs: number;
  /** Longest wait before another try, also where the server asks for more. */
  maxWaitMs: number;
  /** Requests in the whole run, tries included; then all fail. */
  maxCalls: number;
  maxReplyBytes: number;
  /** Longest reply in tokens, sent as max_tokens; 0: the server's own limit, as the originals leave it. */
  maxReplyTokens: number;
  prices: TokenPrices;
}

export const connectionDefaults: ConnectionSettings = {
  role: "judge",
  url: "",
  model: "",
  key: null,
  concurrency: 8,
  timeoutMs: 60_000,
  retries: 4,
  backoffMs: 500,
  maxWaitMs: 60_000,
  maxCalls: 1_000_000,
  // A reply that is streamed unasked takes some 250 bytes a token.
  maxReplyBytes: 1_048_576,
  maxReplyTokens: 0,
  prices: { prompt: 0, reply: 0 },
};

/** What a connection needs from outside; tests give their own. */
export interface ConnectionParts {
  fetch: typeof fetch;
  /** 0 to 1. */
  random: () => number;
}

/** Requests of a connection so far. */
export interface ConnectionCounts {
  /** Requests sent, further tries included. */
  calls: number;
  retries: number;
  /** Requests that failed, by kind, tries that were repeated included. */
  failures: Partial<Record<FailureKind, number>>;
  /** Time from sending to reply, over all requests. */
  callMs: number;
  tokens: TokenUse;
}

/** A connection that has asked nothing yet. */
export const noCalls = (): ConnectionCounts => ({ calls: 0, retries: 0, failures: {}, callMs: 0, tokens: noUse() });

/** One request; without a body it is a GET. */
interface Sent {
  url: string;
  body?: string;
  /** Gets the time from sending it to its reply or failure. */
  took?: (durationMs: number) => void;
}

/** After this many questions in a row without a reply, each gets one try until one is answered: a dead server costs one time limit, not five. */
const failuresUntilOneTry = 8;

/** One OpenAI-compatible endpoint, `POST {base}/chat/completions`, with limits on time, size, number and concurrency of requests. */
export class ServerConnection {
  readonly address: ServerAddress;
  readonly counts: ConnectionCounts = noCalls();
  readonly #settings: ConnectionSettings;
  readonly #key: ServerKey | null;
  readonly #parts: ConnectionParts;
  readonly #limiter: Limiter;
  #model: Promise<string> | null = null;
  #notBeforeMs = 0;
  #failedInARow = 0;
  /** What the server does not take, learned from its refusals. */
  #adaptation: Adaptation = new Map();

  /** @throws Error for an address or a key that cannot be one. */
  constructor(settings: Partial<ConnectionSettings> & { url: string }, parts: Partial<ConnectionParts> = {}) {
    const { key, ...rest } = { ...connectionDefaults, ...settings };
    this.address = readServerAddress(rest.url, rest.role);
    this.#key = key === null || key === "" ? null : new ServerKey(key, this.address.origin);
    // Without the key, so that no print of the settings holds it.
    this.#settings = { ...rest, key: null };
    this.#parts = { fetch: (...all) => fetch(...all), random: Math.random, ...parts };
    this.#limiter = new Limiter(rest.concurrency);
  }

  /** The model that is asked. @throws ServerFailure where none was named and the server names none. */
  async model(signal?: AbortSignal): Promise<string> {
    if (this.#settings.model !== "") return this.#settings.model;
    this.#model ??= this.models(signal).then(([first]) => {
      if (first !== undefined) return first;
      throw new ServerFailure(
        "not_found",
        `The ${this.#settings.role} at ${this.address.base} names no model; name one yourself`,
      );
    });
    try {
      return await this.#model;
    } catch (error) {
      this.#model = null;
      throw error;
    }
  }

  /** The names that the server gives its models. @throws ServerFailure */
  async models(signal?: AbortSignal): Promise<string[]> {
    const url = `${this.address.base}/models`;
    const answer = await this.#persist({ url }, signal, (list) => {
      const error = errorIn(list);
      if (error !== null) throw failureOf(error, this.#asked(url));
      return list;
    });
    const { data } = (answer ?? {}) as { data?: unknown };
    if (!Array.isArray(data)) return [];
    return data.flatMap((entry) => (typeof entry?.id === "string" ? [entry.id as string] : []));
  }

  /** How questions are changed for this server, as text; empty where it takes them as they are. */
  get adaptations(): string[] {
    return adaptationTexts(this.#adaptation);
  }

  /**
   * What the model replies. A field that the server does not take is left out or sent by another name, and so from then
   * on; response_format is left to the caller, whose prompt depends on it.
   * @param took  gets the time from sending a request to its reply or failure, for each that is sent
   * @throws ServerFailure
   */
  async complete(request: ChatRequest, signal?: AbortSignal, took?: (durationMs: number) => void): Promise<string> {
    const read = (answer: unknown) => replyText(answer, this.#asked(this.address.base));
    return this.redact(await this.ask(request, { read, signal, took }));
  }

  /** A text without the key in it: escapes of JSON hide it in what a server sent. */
  redact(text: string): string {
    return this.#key?.redact(text) ?? text;
  }

  /**
   * The same, and what is read of the whole answer.
   * @throws ServerFailure, also what `read` throws for an answer that cannot be used
   */
  async ask<T>(
    { model, messages, temperature, extra, needed = {} }: ChatRequest,
    { read, signal, took }: Asking<T>,
  ): Promise<T> {
    const { maxReplyTokens } = this.#settings;
    const limit = maxReplyTokens > 0 ? { max_tokens: maxReplyTokens } : {};
    const body: Body = {
      model: model ?? (await this.model(signal)),
      messages,
      temperature,
      ...extra,
      ...limit,
      ...needed,
    };
    const url = `${this.address.base}/chat/completions`;
    let adaptation = this.#adaptation;
    let refused: ServerFailure | null = null;
    // Every field at most once, and max_tokens by its other name.
    for (let tried = 0; tried <= Object.keys(body).length; tried++) {
      const sent = adapted(body, adaptation);
      try {
        const found = await this.#persist({ url, body: JSON.stringify(sent), took }, signal, read);
        if (refused) this.#adaptation = adaptation;
        return found;
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        const field =
          error.kind === "bad_request" ? refusedField(sent, `${error.message} ${error.said ?? ""}`, error.param) : null;
        if (field === null || field === "response_format" || Object.hasOwn(needed, field)) {
          // Leaving fields out did not help; the first error is the informative one.
          if (refused && error.kind === "bad_request" && field === null) throw refused;
          // The server accepted the request, whatever its reply says.
          if (refused && error.isReply) this.#adaptation = adaptation;
          throw error;
        }
        refused ??= error;
        adaptation = withoutField(adaptation, field);
      }
    }
    throw refused ?? new Error("Expected a field to be refused at each try");
  }

  #asked(url: string): Asked {
    return { role: this.#settings.role, url };
  }

  /** @param read what the answer says; where it throws a transient failure, the question is asked again */
  async #persist<T>(asked: Sent, signal: AbortSignal | undefined, read: (answer: unknown) => T): Promise<T> {
    return this.#limiter.run(async () => {
      const tries = 1 + (this.#failedInARow >= failuresUntilOneTry ? 0 : this.#settings.retries);
      for (let tried = 1; ; tried++) {
        try {
          const answer = read(await this.#once(asked, signal));
          this.#failedInARow = 0;
          return answer;
        } catch (error) {
          if (!(error instanceof ServerFailure)) throw error;
          this.counts.failures[error.kind] = (this.counts.failures[error.kind] ?? 0) + 1;
          this.#respectRetryAfter(error);
          if (!error.isTransient || tried === tries) {
            if (error.isReply) this.#failedInARow = 0;
            else if (error.kind !== "aborted" && error.kind !== "budget") this.#failedInARow++;
            throw error;
          }
          this.counts.retries++;
          const { backoffMs, maxWaitMs } = this.#settings;
          const waitMs = Math.min(maxWaitMs, backoffMs * 2 ** (tried - 1) * (0.5 + this.#parts.random()));
          await this.#pause(waitMs, signal);
        }
      }
    });
  }

  /** Retry-After holds for all questions to the server. */
  #respectRetryAfter({ retryAfterMs }: ServerFailure): void {
    if (retryAfterMs === null) return;
    this.#notBeforeMs = Math.max(
      this.#notBeforeMs,
      performance.now() + Math.min(retryAfterMs, this.#settings.maxWaitMs),
    );
  }

  #pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    return pause(durationMs, this.#settings.role, signal);
  }

  async #once({ url, body, took }: Sent, signal: AbortSignal | undefined): Promise<unknown> {
    await this.#pause(this.#notBeforeMs - performance.now(), signal);
    const { role, timeoutMs, maxReplyBytes, maxCalls } = this.#settings;
    if (this.counts.calls >= maxCalls)
      throw new ServerFailure(
        "budget",
        `The run has asked its ${role} ${maxCalls} times, which is all it may; raise the budget to go on`,
      );
    this.counts.calls++;
    const sentMs = performance.now();
    try {
      const { fetch } = this.#parts;
      const answer = await exchange({ role, url, body, key: this.#key, timeoutMs, maxReplyBytes, signal, fetch });
      // Also of one that turns out to be of no use: it was paid for.
      addUse(this.counts.tokens, answer, this.#settings.prices);
      return answer;
    } finally {
      const durationMs = performance.now() - sentMs;
      this.counts.callMs += durationMs;
      took?.(durationMs);
    }
  }
}

/** @throws ServerFailure "aborted" */
function pause(durationMs: number, role: ServerRole, signal: AbortSignal | undefined): Promise<void> {
  if (durationMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(new ServerFailure("aborted", `The ${role} was not asked again: ${stoppedText[role]}`));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, durationMs);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
  });
}
