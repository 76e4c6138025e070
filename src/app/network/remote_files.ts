import { type Answered, eachChunk, HttpRequests, type RemoteOptions } from "./http_requests.ts";
import { RangeCache } from "./range_cache.ts";
import { brokenOff, RemoteFailure, shownAddress } from "./remote_failure.ts";

/** What a file was when it was first asked for. */
interface Identity {
  sizeBytes: number;
  /** "" where the server names none. */
  mark: string;
  /** Of the Hub: which commit a branch or tag stood for; "" where the server does not say. */
  commit: string;
}

/** What is asked for to learn how large a file is; smaller files come with it. */
const firstBytes = 2 ** 16;
/** Files up to this are fetched whole; larger ones by ranges alone. */
const wholeBytes = 8 * 2 ** 20;
/** A reader that continues where it stopped is given this much at once: tensors and columns follow one another. */
const aheadBytes = 4 * 2 ** 20;
/** Most bytes of one request; what was broken off is requested again from there. */
const requestBytes = 16 * 2 ** 20;
const mostJsonBytes = 64 * 2 ** 20;

/** Files behind addresses, read by ranges: never whole unless small, and on from the byte where an answer broke off. */
export class RemoteFiles {
  readonly #requests: HttpRequests;
  readonly #cache = new RangeCache();
  readonly #identities = new Map<string, Promise<Identity>>();

  constructor(options: RemoteOptions) {
    this.#requests = new HttpRequests(options);
  }

  /** What is sent to one origin from now on; null: nothing. */
  set secret(secret: RemoteOptions["secret"]) {
    this.#requests.secret = secret ?? null;
  }

  /** @throws RemoteFailure */
  async sizeBytes(address: string): Promise<number> {
    return (await this.#identity(address)).sizeBytes;
  }

  /** The commit that the Hub named with a file, "" where it named none. @throws RemoteFailure */
  async commit(address: string): Promise<string> {
    return (await this.#identity(address)).commit;
  }

  /** The server's mark of this content (ETag), "" where it names none. @throws RemoteFailure */
  async mark(address: string): Promise<string> {
    return (await this.#identity(address)).mark;
  }

  /** Bytes [startByte, endByte), or as many of them as there are. @throws RemoteFailure */
  async read(address: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
    const identity = await this.#identity(address);
    const { sizeBytes } = identity;
    const end = Math.min(endByte ?? sizeBytes, sizeBytes);
    const start = Math.min(startByte, end);
    const isSequential = this.#cache.isSequential(address, start, end);
    const known = this.#cache.bytesFrom(address, start, end);
    if (known.length === end - start) return known.slice();

    const isSmall = sizeBytes <= wholeBytes;
    const from = isSmall ? 0 : start + known.length;
    const to = isSmall ? sizeBytes : Math.min(sizeBytes, isSequential ? Math.max(end, from + aheadBytes) : end);
    const fetched = new Uint8Array(to - from);
    for (let at = from; at < to; at += requestBytes) {
      const part = fetched.subarray(at - from, Math.min(at + requestBytes, to) - from);
      await this.#fetchRange(address, at, part, identity);
    }
    if (isSmall || to > end) this.#cache.put(address, from, fetched);
    if (isSmall) return fetched.slice(start, end);
    if (from === start && to === end) return fetched;
    const bytes = new Uint8Array(end - start);
    bytes.set(known);
    bytes.set(fetched.subarray(0, end - from), known.length);
    return bytes;
  }

  /** A JSON text, and the address of what follows it (Link: rel="next"). @throws RemoteFailure */
  async json(address: string): Promise<{ value: unknown; next: string | null }> {
    return this.#requests.retried(async () => {
      const answered = await this.#requests.ask(address, {});
      try {
        const text = new TextDecoder().decode(await beginning(address, answered, mostJsonBytes));
        const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(answered.response.headers.get("link") ?? "")?.[1] ?? null;
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
    return this.#requests.retried(async () => {
      const answered = await this.#requests.ask(address, { Range: `bytes=0-${firstBytes - 1}` }, [416]);
      const { response, header } = answered;
      try {
        if ((response.headers.get("content-type") ?? "").startsWith("text/html"))
          throw new RemoteFailure(
            "bad answer",
            `Expected a file at ${shownAddress(address)}, found a page; on the Hub, a file's address has /resolve/ where its page has /blob/`,
          );
        const about = { mark: markOf(answered), commit: header("x-repo-commit") ?? "" };
        // Of an empty file there is no first byte.
        if (response.status === 416) return { sizeBytes: 0, ...about };
        if (response.status === 206) {
          const range = /^bytes 0-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
          const sizeBytes = Number(range?.[2] ?? header("x-linked-size") ?? Number.NaN);
          if (!Number.isSafeInteger(sizeBytes))
            throw new RemoteFailure(
              "bad answer",
              `Expected a Content-Range that ends in the size of ${shownAddress(address)}, found none that can be read; the server must let others read that header`,
            );
          this.#cache.put(address, 0, await beginning(address, answered, Math.min(firstBytes, sizeBytes)));
          return { sizeBytes, ...about };
        }
        const bytes = await beginning(address, answered, wholeBytes + 1);
        if (bytes.length > wholeBytes)
          throw new RemoteFailure(
            "no ranges",
            `Expected a server that sends parts of a file (206), found one that sends all of ${shownAddress(address)} (${response.status}); download the file and open it from disk`,
          );
        this.#cache.put(address, 0, bytes);
        return { sizeBytes: bytes.length, ...about };
      } finally {
        answered.stop();
      }
    });
  }

  /** Fills `into` with the bytes from `startByte` on; what came before an answer broke off is not asked for again. */
  async #fetchRange(address: string, startByte: number, into: Uint8Array, identity: Identity): Promise<void> {
    let filled = 0;
    const attempt = async () => {
      const first = startByte + filled;
      const range = `bytes=${first}-${startByte + into.length - 1}`;
      const answered = await this.#requests.ask(address, { Range: range }, [416]);
      try {
        expectRange(address, answered, first, identity);
        // Of a whole file the bytes before the first are passed over.
        let at = answered.response.status === 200 ? 0 : first;
        await eachChunk(address, answered, (chunk) => {
          const wanted = chunk.subarray(Math.max(0, startByte + filled - at), startByte + into.length - at);
          into.set(wanted, filled);
          filled += wanted.length;
          at += chunk.length;
          return filled < into.length;
        });
      } finally {
        answered.stop();
      }
      if (filled < into.length) throw brokenOff(address);
    };
    await this.#requests.retried(attempt, () => filled);
  }
}

/** @throws RemoteFailure where an answer is not that file from byte `first` on, nor the whole of a small one */
function expectRange(address: string, answered: Answered, first: number, { mark, sizeBytes }: Identity): void {
  const { response } = answered;
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  const found = markOf(answered);
  const isOther = found !== "" && mark !== "" && found !== mark;
  if (response.status === 416 || isOther || (range && Number(range[2]) !== sizeBytes))
    throw new RemoteFailure(
      "changed",
      `${shownAddress(address)} changed while it was read; start again, and name a commit as its revision where it lies on the Hub`,
    );
  if (response.status === 200 && sizeBytes > wholeBytes)
    throw new RemoteFailure(
      "no ranges",
      `Expected bytes from ${first} on of ${shownAddress(address)}, found the whole file; download it and open it from disk`,
    );
  if (range && Number(range[1]) !== first)
    throw new RemoteFailure(
      "bad answer",
      `Expected bytes from ${first} on of ${shownAddress(address)}, found them from ${range[1]} on`,
    );
}

/** A mark that differs between contents: the Hub's of a large file, else the server's (ETag). */
function markOf({ header, response }: Answered): string {
  const mark = header("x-linked-etag") ?? response.headers.get("etag") ?? "";
  return mark.replace(/^W\//, "");
}

/** A body's first bytes, at most this many. @throws RemoteFailure */
async function beginning(address: string, answered: Answered, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  await eachChunk(address, answered, (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    return sizeBytes < mostBytes;
  });
  return new Uint8Array(await new Blob(chunks).arrayBuffer()).subarray(0, mostBytes);
}
