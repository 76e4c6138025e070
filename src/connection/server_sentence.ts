/** An error as a server reports it; each field null where it does not say. */
export interface ServerError {
  sentence: string | null;
  /** As in HTTP, where it names one. */
  status: number | null;
  /** The field of the request that it does not take. */
  param: string | null;
}

/**
 * The error that stands in a reply, null where none does. The forms are those of OpenAI, OpenRouter, Anthropic, FastAPI,
 * Cloudflare, Ollama and older vLLM; a reply with an error beside its choices is an error.
 */
export function errorIn(answer: unknown): ServerError | null {
  if (typeof answer !== "object" || answer === null) return null;
  const body = answer as Record<string, unknown>;
  const choice = Array.isArray(body.choices) ? (body.choices[0] as Record<string, unknown> | undefined) : undefined;
  for (const error of [body.error, Array.isArray(body.errors) ? body.errors[0] : body.errors, choice?.error]) {
    const read = readError(error);
    if (read) return read;
  }
  if (Array.isArray(body.choices) && body.choices.length > 0) return null;
  if (body.object === "error" || body.type === "error" || body.success === false)
    return readError({ ...body, error: undefined });
  for (const field of ["detail", "message", "msg", "error_msg", "error_message"])
    if (typeof body[field] === "string" || Array.isArray(body[field]))
      return readError({ ...body, message: body[field] });
  return null;
}

function readError(error: unknown): ServerError | null {
  if (typeof error === "string")
    return error.trim() === "" ? null : { sentence: error, status: statusOf(error), param: null };
  if (typeof error !== "object" || error === null) return null;
  const fields = error as Record<string, unknown>;
  const { message, detail, code, status, type, param, metadata } = fields;
  const said = sentenceOf(message) ?? sentenceOf(detail) ?? sentenceOf(fields.error) ?? null;
  if (said === null && (code === undefined || code === null || code === 0) && typeof type !== "string") return null;
  const raw = sentenceOf((metadata as Record<string, unknown> | undefined)?.raw);
  return {
    sentence: [said ?? [type, code].filter(isWord).join(" "), raw].filter(Boolean).join(": "),
    status:
      numberOf(code) ?? numberOf(status) ?? statusOf([code, type].filter(isWord).join(" ")) ?? statusNamedIn(said),
    param: typeof param === "string" ? param : (fieldOf(message) ?? fieldOf(detail)),
  };
}

const isWord = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";

/** A sentence, or those of a list of FastAPI's. */
function sentenceOf(value: unknown): string | null {
  if (typeof value === "string") return value.trim() === "" ? null : value;
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return sentenceOf((value as Record<string, unknown>).message);
  if (!Array.isArray(value) || value.length === 0) return null;
  const { msg, loc } = (value[0] ?? {}) as { msg?: unknown; loc?: unknown };
  return typeof msg === "string" ? `${Array.isArray(loc) && isWord(loc.at(-1)) ? `${loc.at(-1)}: ` : ""}${msg}` : null;
}

/** FastAPI names the place: ["body", "seed"]. */
function fieldOf(value: unknown): string | null {
  const loc = Array.isArray(value) ? (value[0] as { loc?: unknown } | undefined)?.loc : null;
  return Array.isArray(loc) && typeof loc[1] === "string" ? loc[1] : null;
}

function numberOf(code: unknown): number | null {
  const number = isWord(code) && code !== "" ? Number(code) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number <= 599 ? number : null;
}

/** Error codes that servers give as names. */
const statusPatterns: readonly [pattern: RegExp, status: number][] = [
  [/rate.?limit|too.?many.?requests|quota|throttl/i, 429],
  [/invalid.?api.?key|unauthori[sz]ed|authentication|no.?auth|invalid.?token/i, 401],
  [/permission|forbidden|access.?denied/i, 403],
  [/model.?not.?found|not.?found|no such model|does not exist/i, 404],
  [/unsupported|invalid.?(?:request|parameter|value|argument)|bad.?request|validation|extra.?forbidden/i, 400],
  [/overload|unavailable|capacity|time.?out|timed.?out|server.?error|internal|upstream|try again/i, 503],
];

const statusOf = (text: string): number | null => statusPatterns.find(([pattern]) => pattern.test(text))?.[1] ?? null;

/** From a sentence without a code only transient failures are concluded: any other would stop a run. */
function statusNamedIn(said: string | null): number | null {
  const status = said === null ? null : statusOf(said);
  return status === 429 || status === 503 ? status : null;
}

/** The beginning of what a server said, on one line and harmless to show: a page of HTML by its title. */
export function excerpt(text: string): string {
  const title = /<title[^>]*>([^<]*)|<h1[^>]*>([^<]*)/i.exec(text);
  const isPage = /^\s*<(?:!doctype|html|head|body)/i.test(text);
  const found = isPage && title ? `${title[1] ?? title[2]}` : text;
  const line = found
    .slice(0, 2000)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  const quoted = JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}...` : line);
  return isPage && title ? `a page of HTML, ${quoted}` : quoted;
}
