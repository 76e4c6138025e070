import { ServerFailure } from "../../connection/failure.ts";
import { failureOf, finishOf, replyMessage, textOf, unfinished } from "../../connection/reply.ts";
import { errorIn } from "../../connection/server_sentence.ts";
import type { NativeCall } from "./messages.ts";

/** A token as a server reports it. */
export interface ReportedToken {
  text: string;
  /** UTF-8, where the server gives it: a token may end within a character. */
  bytes: Uint8Array | null;
  logprob: number;
  /** The likeliest tokens in its place, as far as they are reported. */
  alternatives: [text: string, logprob: number][];
}

/** A turn of a model elsewhere. */
export interface Reply {
  /** Without native calls; thoughts that the server split off stand before it again. */
  text: string;
  /** The message's own text, for the conversation that goes on. */
  content: string;
  calls: NativeCall[];
  /** Null where the server reports none. */
  tokens: ReportedToken[] | null;
  /** Whether the model ended its turn; false where a limit of tokens did. */
  stopped: boolean;
  /** Null where the server does not say. */
  promptTokens: number | null;
  writtenTokens: number | null;
  /** Who wrote it, as the server says. */
  model: string | null;
}

/**
 * Reads a chat completion of which all is wanted: text, calls, tokens with their probabilities, counts.
 * @throws ServerFailure where it holds an error, a refusal or nothing
 */
export function readReply(answer: unknown, url: string): Reply {
  const asked = { role: "policy", url } as const;
  const error = errorIn(answer);
  if (error !== null) throw failureOf(error, asked);
  const { choice, message } = replyMessage(answer, asked);
  const reason = finishOf(choice);
  const content = textOf(message.content);
  const thought = textOf(message.reasoning_content) || textOf(message.reasoning);
  const calls = callsIn(message.tool_calls);
  const stopped = reason === null || !/length|max_tokens/i.test(reason);
  if (stopped && reason !== null && !/^(?:stop|eos|end|complete|finish|done|tool_calls?|function_call)/i.test(reason))
    throw unfinished(reason, content, asked);
  const text = thought === "" ? content : `<think>\n${thought}\n</think>\n${content}`;
  if (text.trim() === "" && calls.length === 0 && stopped)
    throw new ServerFailure(
      "no_text",
      `Expected choices[0].message.content or tool_calls from the policy at ${url}, found both empty; check the model, or choose another`,
    );
  const { usage, model } = answer as { usage?: Record<string, unknown>; model?: unknown };
  return {
    text,
    content,
    calls,
    tokens: tokensIn(choice.logprobs),
    stopped,
    promptTokens: count(usage?.prompt_tokens),
    writtenTokens: count(usage?.completion_tokens),
    model: typeof model === "string" && model !== "" ? model : null,
  };
}

const count = (value: unknown): number | null =>
  Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null;

function callsIn(value: unknown): NativeCall[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one, i): NativeCall[] => {
    const { id, function: called } = (one ?? {}) as {
      id?: unknown;
      function?: { name?: unknown; arguments?: unknown };
    };
    if (typeof called?.name !== "string") return [];
    const given = called.arguments;
    const text = typeof given === "string" ? given : JSON.stringify(given ?? {});
    return [
      {
        id: typeof id === "string" && id !== "" ? id : `call_${i}`,
        type: "function",
        function: { name: called.name, arguments: text.trim() === "" ? "{}" : text },
      },
    ];
  });
}

/** Tokens of a choice's `logprobs`; null where there are none, or where one has no probability that is one. */
function tokensIn(logprobs: unknown): ReportedToken[] | null {
  const list = (logprobs as { content?: unknown } | null | undefined)?.content;
  if (!Array.isArray(list) || list.length === 0) return null;
  const tokens = list.map((entry): ReportedToken | null => {
    const { token, bytes, logprob, top_logprobs } = (entry ?? {}) as Record<string, unknown>;
    if (typeof token !== "string" || !isLogprob(logprob)) return null;
    return { text: token, bytes: bytesIn(bytes), logprob, alternatives: alternativesIn(top_logprobs) };
  });
  return tokens.every((token) => token !== null) ? tokens : null;
}

/** Of rounding a little above 0 is left to be; servers write -9999 for what cannot be. */
const isLogprob = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value < 0.01;

function alternativesIn(value: unknown): [string, number][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry): [string, number][] => {
    const { token, logprob } = (entry ?? {}) as Record<string, unknown>;
    return typeof token === "string" && isLogprob(logprob) ? [[token, logprob]] : [];
  });
}

const bytesIn = (value: unknown): Uint8Array | null =>
  Array.isArray(value) && value.length > 0 && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
    ? Uint8Array.from(value)
    : null;
