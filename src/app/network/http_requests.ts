import { brokenOff, noAnswer, PassingFailure, RemoteFailure, refusal, shownAddress } from "./remote_failure.ts";

/** How files are fetched; what differs between a page, Deno and a test. */
export interface RemoteOptions {
  request?: (address: string, init: RequestInit) => Promise<Response>;
  /** Sent to one origin only. */
  secret?: { origin: string; authorization: string } | null;
  /** Deno shows where a redirect leads; a browser follows it by itself and shows what came of it. */
  seesRedirects: boolean;
  wait?: (ms: number) => Promise<void>;
  /** A server that is silent for so long is asked again. */
  silenceMs?: number;
}

/** An answer, what stood in it and in the redirects before it. */
export interface Answered {
  response: Response;
  /** Of the redirects and the answer; the first that has it counts. */
  header(name: string): string | null;
  /** To be called for every chunk of the body that is read: what stays silent too long is given up. */
  touch(): void;
  stop(): void;
}

/** A request is sent at most so often while it brings nothing. */
const mostAttempts = 6;
/** An attempt that brought this many bytes counts as progress. */
const progressBytes = 2 ** 18;
const mostRedirects = 8;
/** A server that asks for a longer wait than this is reported. */
const longestWaitMs = 60_000;

/** Requests by the rules of HTTP: redirects, the secret for its origin alone, silence, and attempts with pauses between. */
export class HttpRequests {
  readonly #request: NonNullable<RemoteOptions["request"]>;
  /** Sent to one origin only; null: none. */
  secret: NonNullable<RemoteOptions["secret"]> | null;
  readonly #seesRedirects: boolean;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #silenceMs: number;
  /** Origins whose answers this page could read before: where one fails later, its connection broke. */
  readonly #readable = new Set<string>();

  constructor(options: RemoteOptions) {
    this.#request = options.request ?? ((address, init) => fetch(address, init));
    this.secret = options.secret ?? null;
    this.#seesRedirects = options.seesRedirects;
    this.#wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#silenceMs = options.silenceMs ?? 30_000;
  }

  /**
   * Repeats what failed where another attempt may help, after longer and longer pauses.
   *
   * @param progress  bytes received so far: attempts are counted anew whenever some came
   */
  async retried<T>(work: () => Promise<T>, progress: () => number = () => 0): Promise<T> {
    let before = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RemoteFailure)) throw error;
        if (progress() - before >= progressBytes) attempt = 1;
        before = progress();
        const passing = error instanceof PassingFailure;
        if (attempt === mostAttempts || !(passing || ["broken off", "no answer"].includes(error.problem))) throw error;
        const asked = passing ? error.retryAfterMs : null;
        if (asked !== null && asked > longestWaitMs) throw error;
        await this.#wait(asked ?? 250 * 2 ** (attempt - 1));
      }
    }
  }

  /** One request, along redirects. @throws RemoteFailure for every status but 200, 206 and those that are expected */
  async ask(address: string, headers: Record<string, string>, expected: number[] = []): Promise<Answered> {
    const seen: Headers[] = [];
    const limit = new AbortController();
    let timer = setTimeout(() => {}, 0);
    const stop = () => clearTimeout(timer);
    const touch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => limit.abort(new Error(`nothing for ${this.#silenceMs / 1000} s`)), this.#silenceMs);
    };
    touch();
    try {
      let place = urlOf(address);
      for (let redirects = 0; ; redirects++) {
        const response = await this.#send(place, headers, limit.signal);
        touch();
        seen.push(response.headers);
        const to = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
        if (to === null) {
          if (![200, 206, ...expected].includes(response.status)) throw await refusal(address, response);
          const header = (name: string) => seen.map((of) => of.get(name)).find((value) => value !== null) ?? null;
          return { response, header, touch, stop };
        }
        await response.body?.cancel();
        place = new URL(to, place);
        if (redirects === mostRedirects || !/^https?:$/.test(place.protocol))
          throw new RemoteFailure("bad answer", `${shownAddress(address)} redirects without an end`);
      }
    } catch (error) {
      stop();
      throw error;
    }
  }

  async #send(place: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { secret } = this;
    try {
      const response = await this.#request(place.href, {
        headers: secret?.origin === place.origin ? { ...headers, Authorization: secret.authorization } : headers,
        redirect: this.#seesRedirects ? "manual" : "follow",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal,
      });
      this.#readable.add(place.origin);
      return response;
    } catch (error) {
      throw await this.#unreachable(place, signal.aborted ? signal.reason : (error as Error));
    }
  }

  /** A browser says no more than "failed", whether no server answers or the page may not read the answer. */
  async #unreachable({ href, host, origin, protocol }: URL, { message }: Error): Promise<RemoteFailure> {
    const page = this.#seesRedirects ? undefined : globalThis.location?.origin;
    if (page === undefined || page === origin || this.#readable.has(origin)) return noAnswer(host, message);
    if (page.startsWith("https:") && protocol === "http:" && !/^(localhost|127\.|\[::1\])/.test(host))
      return new RemoteFailure(
        "not readable here",
        `${host} cannot be asked: a page from https may not ask an address with http; use an address with https`,
      );
    const probe = { mode: "no-cors", credentials: "omit", referrerPolicy: "no-referrer" } as const;
    try {
      const { body } = await this.#request(href, { ...probe, signal: AbortSignal.timeout(this.#silenceMs) });
      body?.cancel().catch(() => {});
    } catch {
      if (!(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated) return noAnswer(host, message);
      // An isolated page cannot learn whether a server is there.
      return new RemoteFailure(
        "no answer",
        `No answer from ${host} that this page may read (${message}); check the network and the address, and if they are right the server keeps pages out (CORS): download the file and drop it here`,
      );
    }
    return new RemoteFailure(
      "not readable here",
      `${host} answers but does not let this page read ${shownAddress(href)} (CORS); download the file and drop it here, or use the command line`,
    );
  }
}

function urlOf(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RemoteFailure("bad answer", `Expected an address such as https://host/file, found "${address}"`);
  if (url.username !== "" || url.password !== "")
    throw new RemoteFailure(
      "bad answer",
      `Expected an address without a name and password, found them in one of ${url.host}; download the file and open it from disk`,
    );
  return url;
}

/** Gives each chunk of a body as it comes, until `take` says that it is enough. @throws RemoteFailure */
export async function eachChunk(
  address: string,
  { response, touch }: Answered,
  take: (chunk: Uint8Array<ArrayBuffer>) => boolean,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  while (true) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw brokenOff(address, error.message);
    });
    if (done) return;
    touch();
    if (!take(value)) {
      // Not waited for: a server that goes on sending would be waited for with it.
      reader.cancel().catch(() => {});
      return;
    }
  }
}
