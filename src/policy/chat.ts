import { type OfferedTool, promptLines } from "./offered_tool.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How a conversation begins. */
export interface Opening {
  /** Pictures stand where "<image>" does, if there is one for each; else before the question. */
  question: string;
  /** The row's own messages, "<image>" where a picture stands; absent where the task is a question under its pictures. */
  messages?: readonly { role: string; content: string }[];
  /** Whether the prompt describes the tools; true by default. */
  tools?: boolean;
}

/**
 * How a conversation is written down: which tokens stand around questions, pictures and what tools answer. Everything is
 * token ids; the pictures themselves travel beside them, in the order of their image tokens.
 */
export interface Chat {
  /** The conversation up to the model's first turn; `imageTokens[i]` is the number of image tokens of picture i. */
  prompt(opening: Opening, imageTokens: readonly number[]): number[];
  /**
   * What a tool answers: from the end of the model's turn to the beginning of its next one.
   * @param text         what the tool answers; "" where it is pictures alone
   * @param imageTokens  of the pictures that it gave, none where it failed
   * @param caption      a word about the pictures, for chats that have a place for one
   */
  observation(text: string, imageTokens: readonly number[], caption?: string): number[];
  /** Ids that close a turn of the model. */
  readonly stops: readonly number[];
  /** Id that opens a tool call. */
  readonly toolCallStart: number;
  /** Ids that only the environment may put into a conversation: the model never samples them. */
  readonly reserved: readonly number[];
}

/** A picture in a text, before its image token is repeated. */
export const pictureText = "<|vision_start|><|image_pad|><|vision_end|>";

/**
 * What a tool or a model wrote, so that no image token comes of it: that one would stand for a picture that is not there. It
 * gets a space.
 */
export const withoutImageTokens = (text: string): string => text.replaceAll("<|image_pad|>", "<|image_pad |>");

/** Text with a `pictureText` for each picture -> ids with as many image tokens as each has. @throws Error where the counts differ */
export function encodeWithPictures(tokenizer: Vocabulary, text: string, imageTokens: readonly number[]): number[] {
  const imagePad = tokenizer.id("<|image_pad|>");
  let picture = 0;
  const ids: number[] = [];
  for (const id of tokenizer.encode(text)) {
    const times = id === imagePad ? (imageTokens[picture++] ?? 0) : 1;
    for (let i = 0; i < times; i++) ids.push(id);
  }
  if (picture !== imageTokens.length)
    throw new Error(`The prompt shows ${picture} pictures, the task has ${imageTokens.length}`);
  return ids;
}

/**
 * The short form that the shipped small variant was trained with: no system turn, no captions, no line breaks inside a
 * tool response, and nothing about the tools that the variant knows; others stand before the question. A row's own
 * messages are left aside.
 * @throws Error where the tokenizer lacks one of the tokens
 */
export function compactChat(tokenizer: Vocabulary, tools: readonly OfferedTool[] = []): Chat {
  const lines = promptLines(tools, "compact");
  const toldTools = lines.length > 0 ? tokenizer.encode(`<tools>\n${lines.join("\n")}\n</tools>\n`) : [];
  const picture = (imageTokens: number) => encodeWithPictures(tokenizer, pictureText, [imageTokens]);
  const opening = tokenizer.encode("<|im_start|>user\n");
  const handingOver = tokenizer.encode("<|im_end|>\n<|im_start|>assistant\n");
  const answering = tokenizer.encode("\n<|im_start|>user\n<tool_response>");
  const answered = tokenizer.encode("</tool_response><|im_end|>\n<|im_start|>assistant\n");
  return {
    prompt: ({ question, tools: offered = true }, imageTokens) => {
      const [first = "", ...rest] = question.split("<image>");
      // A question may say where its pictures stand; else they stand before it.
      const asked =
        rest.length === imageTokens.length
          ? [
              ...tokenizer.encode(first),
              ...imageTokens.flatMap((tokens, i) => [...picture(tokens), ...tokenizer.encode(rest[i] ?? "")]),
            ]
          : [...imageTokens.flatMap(picture), ...tokenizer.encode(question)];
      return [...opening, ...(offered ? toldTools : []), ...asked, ...handingOver];
    },
    observation: (text, imageTokens) => [
      ...answering,
      ...imageTokens.flatMap(picture),
      ...tokenizer.encode(withoutImageTokens(text)),
      ...answered,
    ],
    stops: [tokenizer.id("<|im_end|>")],
    toolCallStart: tokenizer.id("<tool_call>"),
    reserved: [tokenizer.id("<|image_pad|>"), tokenizer.id("<|endoftext|>")],
  };
}
