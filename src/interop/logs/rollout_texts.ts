import type { Rollout, Segment } from "../../agent/rollout.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";

/** Text of tokens, special ones kept: as one string, or one string a token. */
export type TokenTexts = Pick<Tokenizer, "decode" | "texts">;

/** The prompt as text. */
export const promptText = (rollout: Rollout, texts: TokenTexts): string => textOf(rollout, "prompt", texts);

/** Everything after the prompt as text: what the model wrote, and what tools answered. */
export const responseText = (rollout: Rollout, texts: TokenTexts): string => textOf(rollout, "response", texts);

/** The text of each token of a segment. */
export const tokenTextsOf = ({ tokens, texts: own }: Segment, texts: TokenTexts): string[] =>
  own ?? texts.texts(tokens);

function textOf({ segments }: Rollout, part: "prompt" | "response", texts: TokenTexts): string {
  const own = segments.filter((segment) => (segment.source === "prompt") === (part === "prompt"));
  // Of another program's log, or a model on a server, texts are known and tokens are not.
  if (own.some((segment) => segment.texts)) return own.map((segment) => tokenTextsOf(segment, texts).join("")).join("");
  const tokens = own.flatMap((segment) => segment.tokens);
  // One placeholder a picture, as chat templates write it: a picture may be thousands of tokens.
  return texts.decode(tokens).replaceAll(/(<\|image_pad\|>)+/g, "<|image_pad|>");
}
