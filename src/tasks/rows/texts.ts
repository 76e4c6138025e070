import type { Row } from "./row.ts";

/** Why a row's texts cannot be used. */
export type TextProblem =
  | "no question"
  | "no answer"
  | "damaged text"
  | "control token"
  | "video or audio"
  | "text too long";

/** Letters of all texts of a row together; a prompt of the longest that is trained on has fewer. */
const mostLetters = 2 ** 18;

/**
 * Tokens of the Qwen family that open and close turns and pictures. A tokenizer reads them in any text: one in a question
 * would be a picture that is not there, or a turn that does not exist.
 */
const control =
  /<\|(?:endoftext|im_start|im_end|object_ref_start|object_ref_end|box_start|box_end|quad_start|quad_end|vision_start|vision_end|vision_pad|image_pad|video_pad|audio_start|audio_end|audio_pad|fim_prefix|fim_middle|fim_suffix|fim_pad|repo_name|file_sep)\|>/;
/** Likewise, but for the messages of recipes, which explain to the model how a tool is called. */
const toolTags = /<\/?tool_(?:call|response)>/;

const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** What text that could not be read was turned into, and halves of letters, which no tokenizer can read. */
const lost = /\uFFFD|\p{Surrogate}/u;
const otherMedia = /<(video|audio)>/;
const otherMediaColumns = ["video", "videos", "audio", "audios"];

/** @throws Error where a text that is put before a model holds a token of the tokenizer's own */
export function expectNoControlToken(texts: readonly string[], where: string): void {
  for (const text of texts) {
    const token = (control.exec(text) ?? toolTags.exec(text))?.[0];
    if (token)
      throw new Error(`${where}: expected text, found ${token}, which the tokenizer takes for its own; take it out`);
  }
}

/** What is wrong with a row's texts, null where nothing is. */
export function textProblem({ question, answer, messages, columns }: Row): { kind: TextProblem; why: string } | null {
  const texts: [name: string, text: string][] = [
    ["question", question],
    ...messages.map(({ role, content }): [string, string] => [`${role}'s message`, content]),
  ];
  const letters = texts.reduce((sum, [, text]) => sum + text.length, answer.length);
  if (letters > mostLetters)
    return { kind: "text too long", why: `its texts have ${letters} letters, the limit is ${mostLetters}` };
  for (const [name, text] of [...texts, ["answer", answer] as const]) {
    const found = lost.exec(text)?.[0];
    if (found)
      return {
        kind: "damaged text",
        why: `its ${name} holds ${found === "\uFFFD" ? "U+FFFD, which stands where a letter was lost" : "half of a letter (a lone surrogate)"}`,
      };
  }
  if (!visible.test(question.replaceAll("<image>", ""))) return { kind: "no question", why: "its question is empty" };
  if (!visible.test(answer)) return { kind: "no answer", why: "its answer is empty: nothing could be right" };
  for (const [name, text] of texts) {
    const token = control.exec(text)?.[0] ?? (messages.length === 0 ? toolTags.exec(text)?.[0] : undefined);
    if (token)
      return { kind: "control token", why: `its ${name} holds ${token}, which the tokenizer takes for its own` };
    const media = otherMedia.exec(text)?.[0];
    if (media) return { kind: "video or audio", why: `its ${name} holds ${media}; only pictures are read` };
  }
  const column = otherMediaColumns.find((name) => holdsSomething(columns[name]));
  return column
    ? { kind: "video or audio", why: `its column ${column} holds something; only pictures are read` }
    : null;
}

const holdsSomething = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
