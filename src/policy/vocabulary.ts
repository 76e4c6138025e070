import type { Tokenizer } from "./tokenizer.ts";

/**
 * Text to numbers and back, as far as prompts, environments and logs need it: a model's tokenizer, or the numbers that
 * pieces of text get here where a model's own are not known (elsewhere/piece_vocabulary.ts).
 */
export type Vocabulary = Pick<
  Tokenizer,
  "encode" | "decode" | "text" | "texts" | "isSpecial" | "find" | "id" | "largestId"
>;
