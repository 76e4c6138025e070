import type { Chat } from "../policy/chat.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";

/** Most tokens that a person may type in one place. */
const mostTyped = 4096;

/**
 * @param what  "a text", for the sentence
 * @throws Error in one sentence where what a person typed is too long, or holds tokens that stand for what is not there
 */
export function expectTyped(
  tokens: readonly number[],
  what: string,
  { chat, tokenizer }: { chat: Chat; tokenizer: Vocabulary },
): void {
  if (tokens.length > mostTyped)
    throw new Error(`Expected ${what} of at most ${mostTyped} tokens, found ${tokens.length}; write less`);
  const isKnown = (token: number) => Number.isInteger(token) && token >= 0 && token <= tokenizer.largestId;
  const bad = tokens.find((token) => chat.reserved.includes(token) || !isKnown(token));
  if (bad !== undefined)
    throw new Error(
      `Expected tokens that a model may write, found ${isKnown(bad) ? tokenizer.texts([bad])[0] : `id ${bad}`}; leave it out`,
    );
}
