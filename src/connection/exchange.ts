import type { ServerKey } from "./address.ts";
import { ServerFailure } from "./failure.ts";
import { statusFailure } from "./reply.ts";
import { readReplyBody } from "./reply_stream.ts";
import { type Asked, questionText, type ServerRole, stoppedText } from "./server_role.ts";
import { errorIn, excerpt } from "./server_sentence.ts";

/** One request over HTTP and the limits of what is taken as its answer. */
export interface Exchange {
  role: ServerRole;
  url: string;
  /** JSON to post; absent: a GET. */
  body?: string;
  key: ServerKey | null;
  timeoutMs: number;
  maxReplyBytes: number;
  signal?: AbortSignal;
  fetch: typeof fetch;
}

/**
 * Sends one request and reads the JSON that comes back. Only Content-Type and Authorization are set, no cookie and no
 * referrer is sent, and no redirect followed: it would carry the question, and an attacker's choice of host, elsewhere.
 * @throws ServerFailure
 */
export async function exchange({
  role,
  url,
  body,
  key,
  timeoutMs,
  maxReplyBytes,
  signal,
  fetch,
}: Exchange): Promise<unknown> {
  if (signal?.aborted) throw new ServerFailure("aborted", `The ${role} was not asked: ${stoppedText[role]}`);
  const limit = new AbortController();
  const stop = () => limit.abort();
  signal?.addEventListener("abort", stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    limit.abort();
  }, timeoutMs);
  const redact = (text: string) => (key === null ? text : key.redact(text));
  try {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key !== null) headers.Authorization = key.authorization(url);
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body,
      // "manual" rather than "error", which a browser reports like a server that is not there.
      redirect: "manual",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: limit.signal,
    });
    const text = redact(await readText(response, { role, url, maxBytes: maxReplyBytes }));
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400))
      throw new ServerFailure(
        "redirect",
        `The ${role} at ${url} answers with a redirect${leadsTo(response, url)}, which is not followed; enter the address that it leads to`,
      );
    if (!response.ok) throw refusal({ role, url }, status, text, response.headers);
    return readJson({ role, url }, text);
  } catch (error) {
    if (error instanceof ServerFailure) throw error;
    if (signal?.aborted) throw new ServerFailure("aborted", `The ${role} was not waited for: ${stoppedText[role]}`);
    if (late)
      throw new ServerFailure(
        "timeout",
        `The ${role} at ${url} did not answer within ${timeoutMs / 1000} s; raise the time limit, or ask fewer ${questionText[role]}s at once`,
      );
    const { message, cause } = error as Error;
    // Deno and Node say "fetch failed" and put the reason into `cause`.
    const why = cause instanceof Error && cause.message !== "" ? cause.message : message;
    throw new ServerFailure(
      "no_answer",
      `The ${role} at ${url} cannot be reached: ${redact(why.replace(`error sending request for url (${url}): `, ""))}`,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** The text of a reply, decompressed where the server compressed it without declaring so. */
async function readText(response: Response, asked: Asked & { maxBytes: number }): Promise<string> {
  if (response.body === null) return "";
  const bytes = await readBytes(response.body, asked);
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked) return new TextDecoder().decode(bytes);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new TextDecoder().decode(await readBytes(unpacked, asked));
}

async function readBytes(
  body: ReadableStream<Uint8Array>,
  { role, url, maxBytes }: Asked & { maxBytes: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > maxBytes) {
      // Not awaited: a server that goes on sending would block here.
      reader.cancel().catch(() => {});
      throw new ServerFailure(
        "too_large",
        `The ${role} at ${url} answers with more than ${maxBytes} bytes${role === "judge" ? ", where a verdict takes a few; check that it is a judge" : "; allow shorter turns"}`,
      );
    }
    parts.push(value);
  }
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Where a redirect leads, for people; a page does not learn it. Without what stands behind the path, which may be secret. */
function leadsTo(response: Response, url: string): string {
  try {
    const { origin, pathname } = new URL(response.headers.get("location") ?? "", url);
    return response.headers.has("location") ? ` to ${origin}${pathname}` : "";
  } catch {
    return "";
  }
}

/** What a status outside 200 to 299 means, in the server's own sentence where it has one. */
function refusal(asked: Asked, status: number, text: string, headers: Headers): ServerFailure {
  const error = errorIn(readReplyBody(text));
  const waitMs = retryAfterMs(headers.get("retry-after"));
  const failure = statusFailure(status, error?.sentence ?? text, asked, waitMs);
  failure.param = error?.param ?? null;
  failure.said = text;
  return failure;
}

/** Retry-After is a number of seconds or a date; null where it is neither. */
export function retryAfterMs(header: string | null, nowMs = Date.now()): number | null {
  if (header === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}

function readJson({ role, url }: Asked, text: string): unknown {
  const value = readReplyBody(text);
  if (value !== undefined) return value;
  const found = /^\s*</.test(text) ? "a page of HTML" : text.trim() === "" ? "nothing" : "other text";
  throw new ServerFailure(
    "not_json",
    `Expected JSON from the ${role} at ${url}, found ${found}${found === "nothing" ? "" : `: ${excerpt(text).replace("a page of HTML, ", "")}`}; check the address, which usually ends in /v1`,
  );
}
