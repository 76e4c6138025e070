import type { Rollout } from "../../agent/rollout.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";

/** Text of tokens, special ones kept: as one string, or one string a token. */
export type TokenTexts = Pick<Tokenizer, "decode" | "texts">;

/** The prompt as text. */
export const promptText = (rollout: Rollout, texts: TokenTexts): string => textOf(rollout, "prompt", texts);

/** Everything after the prompt as text: what the model wrote, and what tools answered. */
export const responseText = (rollout: Rollout, texts: TokenTexts): string => textOf(rollout, "response", texts);

function textOf({ segments }: Rollout, part: "prompt" | "response", texts: TokenTexts): string {
  const tokens = segments.flatMap((segment) =>
    (segment.source === "prompt") === (part === "prompt") ? segment.tokens : [],
  );
  // One placeholder a picture, as chat templates write it: a picture may be thousands of tokens.
  return texts.decode(tokens).replaceAll(/(<\|image_pad\|>)+/g, "<|image_pad|>");
}
