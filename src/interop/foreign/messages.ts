import { type ForeignPiece, textOf } from "./foreign_rollout.ts";

/** Messages of a conversation as servers and data sets write them. */
export function promptOfMessages(messages: readonly unknown[]): string {
  return messages.map((message) => `${roleOf(message)}: ${contentOf(message)}`).join("\n\n");
}

/** What came after the prompt: each message of the assistant is a turn. */
export const piecesOfMessages = (messages: readonly unknown[]): ForeignPiece[] =>
  messages.map((message) => ({
    source: roleOf(message) === "assistant" ? "model" : "tool",
    text: contentOf(message) + callsOf(message),
  }));

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const roleOf = (message: unknown): string => textOf(objectOf(message).role).slice(0, 40);

/** Text parts as they are, "<image>" in the place of a picture. */
function contentOf(message: unknown): string {
  const { content } = objectOf(message);
  if (!Array.isArray(content)) return textOf(content);
  return content
    .map((part) => {
      const { type, text } = objectOf(part);
      return /image/.test(String(type)) ? "<image>" : textOf(text ?? part);
    })
    .join("");
}

/** Calls that stand beside the text, as Qwen's template writes them. */
function callsOf(message: unknown): string {
  const { tool_calls: calls } = objectOf(message);
  if (!Array.isArray(calls)) return "";
  return calls
    .map((call) => {
      const one = objectOf(typeof call === "string" ? parsed(call) : call);
      const { name, arguments: given } = objectOf(one.function ?? one);
      const args = typeof given === "string" ? (parsed(given) ?? given) : given;
      return `\n<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`;
    })
    .join("");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
