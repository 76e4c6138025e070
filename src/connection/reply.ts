import { ServerFailure } from "./failure.ts";
import { type Asked, questionText } from "./server_role.ts";
import { errorIn, excerpt, type ServerError } from "./server_sentence.ts";

/** Finish reasons of complete replies. A reply without a reason counts as complete. */
const finished = /^(?:stop|eos|end|complete|finish|done)/i;

/** Parts of a reply that are not the answer: thoughts, tool calls. */
const isSaid = (type: unknown): boolean => type === undefined || /^(?:text|output_text)$/.test(String(type));

/**
 * The text of the first choice of a chat completion.
 * @throws ServerFailure where it holds an error, a refusal or no text; "cut_off", with the text, where the model had not
 * finished
 */
export function replyText(answer: unknown, asked: Asked): string {
  const { role, url } = asked;
  const error = errorIn(answer);
  if (error !== null) throw failureOf(error, asked);
  const { choice, message } = replyMessage(answer, asked);
  const text = textOf(message.content);
  const reason = finishOf(choice);
  if (reason !== null && !finished.test(reason)) throw unfinished(reason, text, asked);
  if (text.trim() !== "") return text;
  const thought = textOf(message.reasoning_content) || textOf(message.reasoning);
  throw new ServerFailure(
    "no_text",
    thought === ""
      ? `Expected choices[0].message.content from the ${role} at ${url}, found it empty; check the model, or choose another`
      : `The ${role} at ${url} thought and gave no reply (${excerpt(thought)}); switch its thinking off, or choose another model`,
  );
}

/** The first choice of a chat completion and its message. @throws ServerFailure where there is none, or a refusal in its place */
export function replyMessage(
  answer: unknown,
  { role, url }: Asked,
): { choice: Record<string, unknown>; message: Record<string, unknown> } {
  const { choices } = (answer ?? {}) as { choices?: unknown };
  const choice = Array.isArray(choices) ? (choices[0] as Record<string, unknown> | undefined) : undefined;
  const message = (choice?.message ??
    choice?.delta ??
    (typeof choice?.text === "string" ? { content: choice.text } : null)) as Record<string, unknown> | null;
  if (!message)
    throw new ServerFailure(
      "no_text",
      `Expected choices[0].message.content from the ${role} at ${url}, found ${Array.isArray(choices) && choices.length === 0 ? "no choices" : "none"}; check that it serves chat completions`,
    );
  const refusal = textOf(message.refusal);
  if (refusal !== "")
    throw new ServerFailure(
      "refused",
      `The ${role} at ${url} refuses to ${role === "judge" ? "judge" : "answer"}: ${excerpt(refusal)}`,
    );
  return { choice: choice ?? {}, message };
}

/** Text, parts of text, or an object that a server has parsed already. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (Array.isArray(content))
    return content
      .map((part) => (typeof part === "string" ? part : isSaid(part?.type) ? textOf(part?.text ?? part?.content) : ""))
      .join("");
  return typeof content === "object" && content !== null ? JSON.stringify(content) : "";
}

/** Why the model ended, null where the server does not say. SGLang's own form is an object. */
export function finishOf({ finish_reason, native_finish_reason, stop_reason }: Record<string, unknown>): string | null {
  for (const reason of [finish_reason, native_finish_reason]) {
    const word = typeof reason === "object" && reason !== null ? (reason as { type?: unknown }).type : reason;
    if (typeof word === "string" && word !== "") return word;
  }
  // vLLM names the stop string or token here, others the reason.
  return stop_reason === "max_tokens" ? stop_reason : null;
}

/** The failure that an end before the end of the reply is. */
export function unfinished(reason: string, text: string, { role, url }: Asked): ServerFailure {
  const detail = `(finish_reason ${JSON.stringify(reason.slice(0, 40))})`;
  if (/length|max|tokens|limit|broke off/i.test(reason)) {
    const failure = new ServerFailure(
      "cut_off",
      `The reply of the ${role} at ${url} was cut off before its end ${detail}; allow longer replies, or choose a model that thinks less`,
    );
    failure.said = text;
    return failure;
  }
  if (/content_filter|safety|prohibited|blocklist|recitation|sensitive/i.test(reason))
    return new ServerFailure("refused", `The reply of the ${role} at ${url} was held back by a filter ${detail}`);
  if (/error|abort|cancel|insufficient/i.test(reason))
    return new ServerFailure("server_error", `The ${role} at ${url} broke its reply off ${detail}`);
  return new ServerFailure(
    "no_text",
    `The ${role} at ${url} ended with something else than a reply ${detail}; choose another model`,
  );
}

/** What an error in a reply means, by the code in it: as if it had come as the status. */
export function failureOf({ sentence, status, param }: ServerError, asked: Asked): ServerFailure {
  const failure = statusFailure(status ?? 0, sentence ?? "", asked, null);
  failure.param = param;
  return failure;
}

/**
 * What a status outside 200 to 299 means; 0: an error without one.
 * @param said what the server says to it
 */
export function statusFailure(...given: Parameters<typeof failureByStatus>): ServerFailure {
  const failure = failureByStatus(...given);
  failure.status = given[0] || null;
  return failure;
}

function failureByStatus(
  status: number,
  said: string,
  { role, url }: Asked,
  retryAfterMs: number | null,
): ServerFailure {
  const question = questionText[role];
  const detail = said.trim() === "" ? "" : `: ${excerpt(said)}`;
  // A refusal by moderation concerns one question, not the key.
  const isModerated = status === 403 && /moderat|flagged|content.?policy|safety/i.test(said);
  if (isModerated) return new ServerFailure("refused", `The ${role} at ${url} refuses the ${question} (403)${detail}`);
  if (status === 401 || status === 403)
    return new ServerFailure("unauthorized", `The ${role} at ${url} refuses the key (${status})${detail}`);
  if (status === 402)
    return new ServerFailure("unauthorized", `The ${role} at ${url} wants to be paid first (402)${detail}`);
  if (status === 404 || status === 405 || status === 410)
    return new ServerFailure("not_found", `The ${role} at ${url} knows no such model or path (${status})${detail}`);
  if (status === 429)
    return new ServerFailure(
      "rate_limited",
      `The ${role} at ${url} asks for fewer ${question}s (429)${detail}`,
      retryAfterMs,
    );
  // Some servers fail with 500 on a schema that they do not know; another try with it would fail again.
  const breaksOnSchema =
    status >= 500 &&
    /json.?schema|response_format|structured.?output|grammar/i.test(said) &&
    /\bnot\b|unsupported|unknown|invalid|fail/i.test(said);
  // As llama.cpp does where a model has no part that sees.
  const takesNoPictures = status >= 500 && /input is not supported|mmproj/i.test(said);
  if (!breaksOnSchema && !takesNoPictures && (status >= 500 || status === 408 || status === 425))
    return new ServerFailure("server_error", `The ${role} at ${url} failed (${status})${detail}`, retryAfterMs);
  if (status === 0) return new ServerFailure("bad_request", `The ${role} at ${url} answers with an error${detail}`);
  return new ServerFailure("bad_request", `The ${role} at ${url} does not accept the ${question} (${status})${detail}`);
}
