import { retryAfterMs } from "../../reward/judge_exchange.ts";

/** How files are fetched; what differs between a page, Deno and a test. */
export interface RemoteOptions {
  request?: (address: string, init: RequestInit) => Promise<Response>;
  /** Goes along to one origin only. */
  secret?: { origin: string; authorization: string } | null;
  /** Deno shows where a redirect leads; a browser follows it by itself and shows what came of it. */
  seesRedirects: boolean;
  wait?: (ms: number) => Promise<void>;
  /** A server that says nothing for so long is asked again. */
  silenceMs?: number;
}

export type RemoteProblem =
  | "refused"
  | "missing"
  | "no answer"
  | "not readable here"
  | "no ranges"
  | "changed"
  | "broken off"
  | "bad answer";

/** Why a file cannot be had. The message is one sentence for people; it names no more of an address than its place. */
export class RemoteFailure extends Error {
  override name = "RemoteFailure";

  constructor(
    readonly problem: RemoteProblem,
    message: string,
    /** 0 where there was none. */
    readonly status = 0,
    /** The Hub's own word for it (X-Error-Code), "" where it gave none. */
    readonly code = "",
  ) {
    super(message);
  }
}

/** What a file was when it was first asked for. */
interface Identity {
  sizeBytes: number;
  /** "" where the server names none. */
  mark: string;
  /** Of the Hub: which commit a branch or tag stood for; "" where nobody says. */
  commit: string;
}

/** A stretch of a file that is kept for the next reads. */
interface Piece {
  startByte: number;
  bytes: Uint8Array;
}

/** An answer, what stood in it and in the redirects before it. */
interface Answered {
  response: Response;
  /** Of the redirects and the answer; the first that has it counts. */
  header(name: string): string | null;
  /** Gives up after silence, while the body is read. */
  heard(): void;
  stop(): void;
}

/** What is asked for to learn how large a file is; smaller files come with it. */
const firstBytes = 2 ** 16;
/** Files up to this are fetched whole; larger ones by ranges alone. */
const wholeBytes = 8 * 2 ** 20;
/** A reader that goes on where it stopped is given so much at once: tensors and columns stand one behind the other. */
const aheadBytes = 4 * 2 ** 20;
/** One request asks for so much; what was broken off is asked for again from there. */
const requestBytes = 16 * 2 ** 20;
/** Pieces of all files that are kept. */
const keptBytes = 64 * 2 ** 20;
const mostTries = 6;
/** A try that brought so much was not in vain. */
const progressBytes = 2 ** 18;
const mostRedirects = 8;
const mostJsonBytes = 64 * 2 ** 20;
/** A server that asks for more patience than this is told of. */
const longestWaitMs = 60_000;

const mayPass = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** An address as it may be shown: what stands behind "?" may be a signature. */
export const shownAddress = (address: string): string => address.replace(/[?#].*$/s, "");

/** Files behind addresses, read by ranges: never whole unless small, and on from the byte where an answer broke off. */
export class RemoteFiles {
  readonly #request: NonNullable<RemoteOptions["request"]>;
  readonly #secret: RemoteOptions["secret"];
  readonly #seesRedirects: boolean;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #silenceMs: number;
  readonly #identities = new Map<string, Promise<Identity>>();
  /** By address; the one used last stands last. */
  readonly #kept = new Map<string, Piece>();
  /** Where the last read of a file ended. */
  readonly #readTo = new Map<string, number>();

  constructor(options: RemoteOptions) {
    this.#request = options.request ?? ((address, init) => fetch(address, init));
    this.#secret = options.secret ?? null;
    this.#seesRedirects = options.seesRedirects;
    this.#wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#silenceMs = options.silenceMs ?? 30_000;
  }

  /** @throws RemoteFailure */
  async sizeBytes(address: string): Promise<number> {
    return (await this.#identity(address)).sizeBytes;
  }

  /** The commit that the Hub named with a file, "" where it named none. @throws RemoteFailure */
  async commit(address: string): Promise<string> {
    return (await this.#identity(address)).commit;
  }

  /** What the server says tells this content from others, "" where it says nothing. @throws RemoteFailure */
  async mark(address: string): Promise<string> {
    return (await this.#identity(address)).mark;
  }

  /** Bytes [startByte, endByte), or as many of them as there are. @throws RemoteFailure */
  async read(address: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
    const identity = await this.#identity(address);
    const { sizeBytes } = identity;
    const end = Math.min(endByte ?? sizeBytes, sizeBytes);
    const start = Math.min(startByte, end);
    const goesOn = start > 0 && start === this.#readTo.get(address);
    this.#readTo.set(address, end);
    const kept = this.#keptPiece(address);
    const within = kept && start >= kept.startByte && start < kept.startByte + kept.bytes.length;
    const known = within ? kept.bytes.subarray(start - kept.startByte, end - kept.startByte) : new Uint8Array();
    if (known.length === end - start) return known.slice();

    const isSmall = sizeBytes <= wholeBytes;
    const from = isSmall ? 0 : start + known.length;
    const to = isSmall ? sizeBytes : Math.min(sizeBytes, goesOn ? Math.max(end, from + aheadBytes) : end);
    const fetched = new Uint8Array(to - from);
    for (let at = from; at < to; at += requestBytes) {
      const part = fetched.subarray(at - from, Math.min(at + requestBytes, to) - from);
      await this.#fetchRange(address, at, part, identity);
    }
    if (isSmall || to > end) this.#keep(address, { startByte: from, bytes: fetched });
    if (isSmall) return fetched.slice(start, end);
    if (from === start && to === end) return fetched;
    const bytes = new Uint8Array(end - start);
    bytes.set(known);
    bytes.set(fetched.subarray(0, end - from), known.length);
    return bytes;
  }

  /** A JSON text, and the address of what follows it (Link: rel="next"). @throws RemoteFailure */
  async json(address: string): Promise<{ value: unknown; next: string | null }> {
    return this.#tries(async () => {
      const answered = await this.#ask(address, {});
      try {
        const { response } = answered;
        const pieces: Uint8Array<ArrayBuffer>[] = [];
        let sizeBytes = 0;
        await eachChunk(address, answered, (chunk) => {
          sizeBytes += chunk.length;
          pieces.push(chunk);
          return sizeBytes <= mostJsonBytes;
        });
        const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1] ?? null;
        const text = await new Blob(pieces).text();
        try {
          return { value: JSON.parse(text), next: next && new URL(next, address).href };
        } catch {
          const found = /^\s*</.test(text) ? "a page of HTML" : JSON.stringify(text.slice(0, 60));
          throw new RemoteFailure("bad answer", `Expected JSON from ${shownAddress(address)}, found ${found}`);
        }
      } finally {
        answered.stop();
      }
    });
  }

  #keptPiece(address: string): Piece | undefined {
    const piece = this.#kept.get(address);
    if (piece) {
      this.#kept.delete(address);
      this.#kept.set(address, piece);
    }
    return piece;
  }

  #keep(address: string, piece: Piece): void {
    this.#kept.delete(address);
    this.#kept.set(address, piece);
    let sum = 0;
    for (const { bytes } of this.#kept.values()) sum += bytes.length;
    for (const [other, { bytes }] of this.#kept) {
      if (sum <= keptBytes) break;
      sum -= bytes.length;
      this.#kept.delete(other);
    }
  }

  #identity(address: string): Promise<Identity> {
    let identity = this.#identities.get(address);
    if (!identity) {
      identity = this.#identify(address);
      // What failed once may work the next time.
      identity.catch(() => this.#identities.delete(address));
      this.#identities.set(address, identity);
    }
    return identity;
  }

  /** Asks for the first bytes: what comes back says how large the file is. */
  #identify(address: string): Promise<Identity> {
    return this.#tries(async () => {
      const answered = await this.#ask(address, { Range: `bytes=0-${firstBytes - 1}` }, [416]);
      const { response, header } = answered;
      try {
        if ((response.headers.get("content-type") ?? "").startsWith("text/html"))
          throw new RemoteFailure(
            "bad answer",
            `Expected a file at ${shownAddress(address)}, found a page; on the Hub, a file's address has /resolve/ where its page has /blob/`,
          );
        // Of an empty file there is no first byte.
        const about = { mark: markOf(answered), commit: header("x-repo-commit") ?? "" };
        if (response.status === 416) return { sizeBytes: 0, ...about };
        if (response.status === 206) {
          const told = /^bytes 0-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
          const sizeBytes = Number(told?.[2] ?? header("x-linked-size") ?? Number.NaN);
          if (!Number.isSafeInteger(sizeBytes))
            throw new RemoteFailure(
              "bad answer",
              `Expected a Content-Range that ends in the size of ${shownAddress(address)}, found none that can be read; the server must let others read that header`,
            );
          const bytes = await beginning(address, answered, Math.min(firstBytes, sizeBytes));
          this.#keep(address, { startByte: 0, bytes });
          return { sizeBytes, ...about };
        }
        const bytes = await beginning(address, answered, wholeBytes + 1);
        if (bytes.length > wholeBytes)
          throw new RemoteFailure(
            "no ranges",
            `Expected a server that sends parts of a file (206), found one that sends all of ${shownAddress(address)} (${response.status}); download the file and open it from disk`,
          );
        this.#keep(address, { startByte: 0, bytes });
        return { sizeBytes: bytes.length, ...about };
      } finally {
        answered.stop();
      }
    });
  }

  /** Fills `into` with the bytes from `startByte` on; what was had before an answer broke off is not asked for again. */
  async #fetchRange(address: string, startByte: number, into: Uint8Array, identity: Identity): Promise<void> {
    let had = 0;
    const work = async () => {
      const first = startByte + had;
      const answered = await this.#ask(address, { Range: `bytes=${first}-${startByte + into.length - 1}` }, [416]);
      const { response } = answered;
      try {
        const told = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
        const mark = markOf(answered);
        const isOther = mark !== "" && identity.mark !== "" && mark !== identity.mark;
        if (response.status === 416 || isOther || (told && Number(told[2]) !== identity.sizeBytes))
          throw new RemoteFailure(
            "changed",
            `${shownAddress(address)} changed while it was read; start again, and name a commit as its revision where it lies on the Hub`,
          );
        const isWhole = response.status === 200;
        if (isWhole && identity.sizeBytes > wholeBytes)
          throw new RemoteFailure(
            "no ranges",
            `Expected bytes from ${first} on of ${shownAddress(address)}, found the whole file; download it and open it from disk`,
          );
        if (told && Number(told[1]) !== first)
          throw new RemoteFailure(
            "bad answer",
            `Expected bytes from ${first} on of ${shownAddress(address)}, found them from ${told[1]} on`,
          );
        // Of a whole file the bytes before the first are passed over.
        let at = isWhole ? 0 : first;
        await eachChunk(address, answered, (chunk) => {
          const wanted = chunk.subarray(Math.max(0, startByte + had - at), startByte + into.length - at);
          into.set(wanted, had);
          had += wanted.length;
          at += chunk.length;
          return had < into.length;
        });
      } finally {
        answered.stop();
      }
      if (had < into.length) throw brokenOff(address);
    };
    await this.#tries(work, () => had);
  }

  /**
   * Does it again where another try may help, with longer and longer pauses.
   *
   * @param progress  bytes had so far: tries are counted anew whenever some came
   */
  async #tries<T>(work: () => Promise<T>, progress: () => number = () => 0): Promise<T> {
    let before = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RemoteFailure)) throw error;
        if (progress() - before >= progressBytes) attempt = 1;
        before = progress();
        const passing = error instanceof PassingFailure;
        if (attempt === mostTries || !(passing || ["broken off", "no answer"].includes(error.problem))) throw error;
        const asked = passing ? error.retryAfterMs : null;
        if (asked !== null && asked > longestWaitMs) throw error;
        await this.#wait(asked ?? 250 * 2 ** (attempt - 1));
      }
    }
  }

  /** One request, along redirects. @throws RemoteFailure for every status but 200, 206 and those that are expected */
  async #ask(address: string, headers: Record<string, string>, expected: number[] = []): Promise<Answered> {
    const seen: Headers[] = [];
    const limit = new AbortController();
    let timer = setTimeout(() => {}, 0);
    const stop = () => clearTimeout(timer);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => limit.abort(new Error(`nothing for ${this.#silenceMs / 1000} s`)), this.#silenceMs);
    };
    heard();
    try {
      let place = urlOf(address);
      for (let redirects = 0; ; redirects++) {
        const response = await this.#send(place, headers, limit.signal);
        heard();
        seen.push(response.headers);
        const to = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
        if (to === null) {
          if (![200, 206, ...expected].includes(response.status)) throw await refusal(address, response);
          const header = (name: string) => seen.map((of) => of.get(name)).find((value) => value !== null) ?? null;
          return { response, header, heard, stop };
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
    const secret = this.#secret;
    try {
      return await this.#request(place.href, {
        headers: secret?.origin === place.origin ? { ...headers, Authorization: secret.authorization } : headers,
        redirect: this.#seesRedirects ? "manual" : "follow",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal,
      });
    } catch (error) {
      throw await this.#unreachable(place, signal.aborted ? signal.reason : (error as Error));
    }
  }

  /** A browser says no more than "failed", whether nobody answers or the page may not read the answer. */
  async #unreachable({ href, host, origin, protocol }: URL, { message }: Error): Promise<RemoteFailure> {
    const page = this.#seesRedirects ? undefined : globalThis.location?.origin;
    if (page === undefined || page === origin) return noAnswer(host, message);
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
      if (!globalThis.crossOriginIsolated) return noAnswer(host, message);
      // An isolated page is not even told whether somebody is there.
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

const noAnswer = (host: string, message: string): RemoteFailure =>
  new RemoteFailure("no answer", `No answer from ${host} (${message}); check the network and the address`);

/** Another try may help. */
class PassingFailure extends RemoteFailure {
  constructor(
    message: string,
    status: number,
    readonly retryAfterMs: number | null,
  ) {
    super("refused", message, status);
  }
}

async function refusal(address: string, response: Response): Promise<RemoteFailure> {
  await response.body?.cancel();
  const { status, headers } = response;
  const shown = shownAddress(address);
  if (mayPass(status))
    return new PassingFailure(
      status === 429
        ? `The server of ${shown} asks for fewer requests (429); wait some minutes and try again`
        : `The server of ${shown} failed (${status}); try again later`,
      status,
      retryAfterMs(headers.get("retry-after")),
    );
  const code = headers.get("x-error-code") ?? "";
  if (status === 404 || status === 410)
    return new RemoteFailure("missing", `There is no ${shown} (${status}); check the address`, status, code);
  return new RemoteFailure(
    "refused",
    status === 401 || status === 403
      ? `The server refuses ${shown} (${status}); it wants to know who asks, download the file and open it from disk`
      : `Expected a file at ${shown}, found the answer ${status} ${response.statusText}`.trim(),
    status,
    code,
  );
}

const brokenOff = (address: string, message = "it ended too early"): RemoteFailure =>
  new RemoteFailure(
    "broken off",
    `The answer of ${shownAddress(address)} broke off again and again (${message}); check the network and try again`,
  );

/** What tells one content from another: the Hub's mark of a large file, else the server's. */
function markOf({ header, response }: Answered): string {
  const mark = header("x-linked-etag") ?? response.headers.get("etag") ?? "";
  return mark.replace(/^W\//, "");
}

/** Gives each stretch of a body as it comes, until `take` says that it is enough. @throws RemoteFailure */
async function eachChunk(
  address: string,
  { response, heard }: Answered,
  take: (chunk: Uint8Array<ArrayBuffer>) => boolean,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  while (true) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw brokenOff(address, error.message);
    });
    if (done) return;
    heard();
    if (!take(value)) {
      // Not waited for: a server that goes on sending would be waited for with it.
      reader.cancel().catch(() => {});
      return;
    }
  }
}

/** A body's first bytes, at most so many. @throws RemoteFailure */
async function beginning(address: string, answered: Answered, mostBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  await eachChunk(address, answered, (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    return sizeBytes < mostBytes;
  });
  return new Uint8Array(await new Blob(chunks).arrayBuffer()).subarray(0, mostBytes);
}
