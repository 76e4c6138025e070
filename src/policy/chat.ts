import type { Tokenizer } from "./tokenizer.ts";

/**
 * How a conversation is written down for one family of models: which tokens stand around questions, pictures and
 * what tools say. Everything is token ids; the pictures themselves go beside them, in the order of their image tokens.
 */
export interface Chat {
  /** A question under its pictures, up to where the model speaks; `imageTokens[i]` is the number of image tokens of picture i. */
  prompt(question: string, imageTokens: readonly number[]): number[];
  /** What follows the model's closed turn where the tool answers with a picture of so many image tokens, up to where the model speaks again. */
  observation(imageTokens: number): number[];
  /** The same where the tool answers with a sentence. */
  errorObservation(message: string): number[];
  /** Ids that close a turn of the model. */
  readonly stops: readonly number[];
  /** Id that opens a tool call. */
  readonly toolCallStart: number;
  /** Ids that stand for things which only the world may put into a conversation: the model never draws them. */
  readonly reserved: readonly number[];
}

/**
 * The short form that the shipped small variant was trained with: no system turn, no tool block, no text beside a
 * picture, no line breaks inside a tool response.
 * @throws Error where the tokenizer lacks one of the tokens
 */
export function compact(tokenizer: Tokenizer): Chat {
  const imagePad = tokenizer.id("<|image_pad|>");
  const picture = (imageTokens: number) => [
    tokenizer.id("<|vision_start|>"),
    ...Array.from({ length: imageTokens }, () => imagePad),
    tokenizer.id("<|vision_end|>"),
  ];
  const opening = tokenizer.encode("<|im_start|>user\n");
  const handingOver = tokenizer.encode("<|im_end|>\n<|im_start|>assistant\n");
  const response = (contents: number[]) => [
    ...tokenizer.encode("\n<|im_start|>user\n<tool_response>"),
    ...contents,
    ...tokenizer.encode("</tool_response><|im_end|>\n<|im_start|>assistant\n"),
  ];
  return {
    prompt: (question, imageTokens) => [
      ...opening,
      ...imageTokens.flatMap(picture),
      ...tokenizer.encode(question),
      ...handingOver,
    ],
    observation: (imageTokens) => response(picture(imageTokens)),
    errorObservation: (message) => response(tokenizer.encode(message)),
    stops: [tokenizer.id("<|im_end|>")],
    toolCallStart: tokenizer.id("<tool_call>"),
    reserved: [imagePad, tokenizer.id("<|endoftext|>")],
  };
}
