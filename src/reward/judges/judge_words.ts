import type { JudgeWords } from "../../agent/rollout.ts";
import { ServerFailure } from "../../connection/failure.ts";
import type { JudgeRequest } from "../connection/request.ts";

/** Of one text, in UTF-16 units: a log holds a prompt for each rollout. */
const mostPrompt = 3000;
const mostReply = 2000;

/** What is said in the place of what is left out. */
const leftOut = (count: number): string => `\n[${count} characters left out]\n`;

/** A question as it is kept with its rollout: the examples stand in its middle, what was asked at its end. */
export function keptWords(
  { messages }: JudgeRequest,
  { model, reply, latencyMs }: { model: string; reply: string | null; latencyMs: number | null },
): JudgeWords {
  const prompt = messages.map(({ role, content }) => `${role}:\n${content}`).join("\n\n");
  return {
    model: shortenedWords(model, 200),
    prompt: shortenedWords(prompt, mostPrompt),
    reply: reply === null ? null : shortenedWords(reply, mostReply),
    ...(latencyMs !== null && { latencyMs }),
  };
}

/** What the model had said where a reply was cut off; null where nothing came. */
export const saidBefore = (error: unknown): string | null =>
  error instanceof ServerFailure && error.kind === "cut_off" ? error.said : null;

/** A text with its middle left out where it is longer than `most`; no pair of surrogates is parted. */
export function shortenedWords(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed();
  const head = text.slice(0, Math.floor(most / 3)).replace(/[\uD800-\uDBFF]$/, "");
  const tail = text.slice(text.length - (most - Math.floor(most / 3))).replace(/^[\uDC00-\uDFFF]/, "");
  return `${head}${leftOut(text.length - head.length - tail.length)}${tail}`.toWellFormed();
}
