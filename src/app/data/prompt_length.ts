import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { Row } from "../../tasks/row.ts";

const picture = "<|vision_start|><|image_pad|><|vision_end|>";

/**
 * Tokens of a row's prompt up to where the model speaks, as DeepEyes rolls it: the messages as they stand, a system
 * message with its tools block included, every picture as many tokens as it has. A row without messages is its
 * question under its pictures.
 */
export function promptLength(tokenizer: Tokenizer): (row: Row, imageTokens: readonly number[]) => number {
  return ({ messages, question }, imageTokens) => {
    const turns =
      messages.length > 0 ? messages : [{ role: "user", content: "<image>".repeat(imageTokens.length) + question }];
    const text = turns.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("");
    const tokens = tokenizer.encode(`${text.replaceAll("<image>", picture)}<|im_start|>assistant\n`).length;
    // Each picture stands there once already.
    return imageTokens.reduce((sum, count) => sum + count - 1, tokens);
  };
}
