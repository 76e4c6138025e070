import type { Rollout } from "../agent/rollout.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";

/** The turn in which a rollout answers, up to the answer and from there on. */
export interface AnswerTurn {
  /** Tokens of the turn before the first one that spells the answer: tags and thoughts. */
  before: number[];
  /** From that token to the end of the turn, as they were sampled. */
  given: number[];
  /** The same with another answer in place of the given one: the tags around it, and what ends the turn, stay. */
  with(answer: string): number[];
}

/** Finds where a rollout's last turn spells its answer; null where it gave none, or its tokens do not show it. */
export function answerTurn({ segments, answer }: Rollout, tokenizer: Vocabulary): AnswerTurn | null {
  const last = segments.at(-1);
  if (!answer || last?.source !== "model") return null;
  const texts = tokenizer.texts(last.tokens);
  const start = placeOfAnswer(texts.join(""), answer);
  if (start < 0) return null;
  const end = start + answer.length;
  // Token indices: of the one that holds the answer's first character, and behind the one that holds its last.
  let [from, to, at] = [0, 0, 0];
  for (const text of texts) {
    if (at + text.length <= start) from++;
    if (at < end) to++;
    at += text.length;
  }
  const startOfFrom = texts.slice(0, from).join("").length;
  const spelled = texts.slice(from, to).join("");
  const [head, tail] = [spelled.slice(0, start - startOfFrom), spelled.slice(end - startOfFrom)];
  return {
    before: last.tokens.slice(0, from),
    given: last.tokens.slice(from),
    with: (other) => [...tokenizer.encode(`${head}${other}${tail}`), ...last.tokens.slice(to)],
  };
}

/** Tags and special tokens: no answer is read from them. */
const marks = /<\/?[a-z_]+>|<\|[a-z_]+\|>/g;

/**
 * Where a turn spells its answer: in the last filled tags that hold it, else where the text outside of tags says it last. The
 * closing tags hold letters that may be an answer, and what follows them may name it again.
 */
function placeOfAnswer(text: string, answer: string): number {
  for (const { 1: inside = "", index } of [...text.matchAll(/<answer>(.*?)<\/answer>/gs)].reverse())
    if (inside === answer || inside.trim() === answer)
      return index + "<answer>".length + (inside === answer ? 0 : inside.length - inside.trimStart().length);
  return text.replace(marks, (mark) => "\0".repeat(mark.length)).lastIndexOf(answer);
}
