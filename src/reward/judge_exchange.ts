import type { JudgeKey } from "./judge_address.ts";
import { JudgeFailure } from "./judge_failure.ts";

/** One request over HTTP and the limits of what is taken as its answer. */
export interface Exchange {
  url: string;
  /** JSON to post; absent: a GET. */
  body?: string;
  key: JudgeKey | null;
  timeoutMs: number;
  maxReplyBytes: number;
  signal?: AbortSignal;
  fetch: typeof fetch;
}

/**
 * Sends one request and reads the JSON that comes back. Only Content-Type and Authorization are set, no cookie and no
 * referrer is sent, and no redirect followed: it would carry the question, and an attacker's choice of host, elsewhere.
 * @throws JudgeFailure
 */
export async function exchange({
  url,
  body,
  key,
  timeoutMs,
  maxReplyBytes,
  signal,
  fetch,
}: Exchange): Promise<unknown> {
  if (signal?.aborted) throw new JudgeFailure("aborted", "The judge was not asked: the run was stopped");
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
      // "manual" rather than "error", which a browser does not tell from a server that is not there.
      redirect: "manual",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: limit.signal,
    });
    const text = redact(await readText(response, url, maxReplyBytes));
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400))
      throw new JudgeFailure(
        "redirect",
        `The judge at ${url} answers with a redirect, which is not followed; enter the address that it leads to`,
      );
    if (!response.ok) throw refusal(url, status, text, response.headers.get("retry-after"));
    return readJson(url, text);
  } catch (error) {
    if (error instanceof JudgeFailure) throw error;
    if (signal?.aborted) throw new JudgeFailure("aborted", "The judge was not waited for: the run was stopped");
    if (late)
      throw new JudgeFailure(
        "timeout",
        `The judge at ${url} did not answer within ${timeoutMs / 1000} s; raise the time limit, or ask fewer questions at once`,
      );
    throw new JudgeFailure("no_answer", `The judge at ${url} cannot be reached: ${redact((error as Error).message)}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function readText(response: Response, url: string, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > maxBytes) {
      // Not waited for: a server that goes on sending would be waited for with it.
      reader.cancel().catch(() => {});
      throw new JudgeFailure(
        "too_large",
        `The judge at ${url} answers with more than ${maxBytes} bytes, where a verdict takes a few; check that it is a judge`,
      );
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** What a status outside 200 to 299 means. */
function refusal(url: string, status: number, text: string, retryAfter: string | null): JudgeFailure {
  const said = text.trim() === "" ? "" : `: ${excerpt(text)}`;
  if (status === 401 || status === 403)
    return new JudgeFailure("unauthorized", `The judge at ${url} refuses the key (${status})${said}`);
  if (status === 404)
    return new JudgeFailure("not_found", `The judge at ${url} knows no such model or path (404)${said}`);
  if (status === 429)
    return new JudgeFailure(
      "rate_limited",
      `The judge at ${url} asks for fewer questions (429)${said}`,
      retryAfterMs(retryAfter),
    );
  if (status >= 500 || status === 408)
    return new JudgeFailure("server_error", `The judge at ${url} failed (${status})${said}`, retryAfterMs(retryAfter));
  return new JudgeFailure("bad_request", `The judge at ${url} does not accept the question (${status})${said}`);
}

/** Retry-After is a number of seconds or a date; null where it is neither. */
export function retryAfterMs(header: string | null, nowMs = Date.now()): number | null {
  if (header === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}

function readJson(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const found = /^\s*</.test(text) ? "a page of HTML" : text.trim() === "" ? "nothing" : "other text";
    throw new JudgeFailure(
      "not_json",
      `Expected JSON from the judge at ${url}, found ${found}${found === "nothing" ? "" : `: ${excerpt(text)}`}; check the address, which usually ends in /v1`,
    );
  }
}

/** The beginning of what a server said, on one line and harmless to show. */
function excerpt(text: string): string {
  const line = text
    .slice(0, 400)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}...` : line);
}
