import type { Task } from "../../tasks/task.ts";
import { isSceneSource } from "../../tasks/worlds/table.ts";
import { plainAnswer, turnsOrder } from "./answer_text.ts";
import { sameChoice } from "./choice.ts";
import { boxed } from "./latex.ts";
import { sameNumber } from "./number.ts";
import { onlyNumber } from "./number_in_sentence.ts";
import { isNumberWord } from "./number_words.ts";
import {
  completesSentence,
  sameAlternative,
  sameColours,
  samePhrase,
  sameSide,
  sameYesOrNo,
  type WordRule,
} from "./words.ts";

/** Whether an answer is right, and which rule said so. */
export interface Verdict {
  right: boolean;
  /** e.g. "exact", "number", "no answer"; for people to read. */
  rule: string;
  /** What each said where several models were asked; null: no verdict. */
  votes?: readonly { model: string; right: boolean | null }[];
}

/** What a rule needs of a task; without the question the rules that read it decide nothing. */
export type Ruled = Pick<Task, "answer" | "source"> & Partial<Pick<Task, "question">>;

/** Numbers and mathematics get their texts with capitals, which count there; the others without. */
type Rule = [name: string, decide: WordRule, capitals?: "capitals"];

/** In the order in which they are tried; each decides only where it is sure. */
const rules: readonly Rule[] = [
  ["case", (given, gold) => (given !== "" && given === gold ? true : null)],
  ["number", sameNumber, "capitals"],
  ["choice", sameChoice],
  ["LaTeX", (given, gold) => (tight(given) !== "" && tight(given) === tight(gold) ? true : null), "capitals"],
  ["yes or no", sameYesOrNo],
  ["one of two", sameAlternative],
  ["colour", sameColours],
  ["side", sameSide],
  ["count", sameCount, "capitals"],
  ["phrase", samePhrase],
  ["end of the sentence", completesSentence],
];

/** Characters of an answer and of a gold answer that rules look at: a longer text is not an answer of these forms. */
const longestRuled = 2000;

/**
 * Judges an answer by rules where one is sure, null where a judge that reads is needed. Generated scenes have one spelling,
 * so only that counts (after trimming). An answer in a `\boxed{}` is judged by what is in the box.
 * @param answer what the model gave, null where it gave none
 */
export function decideByRules(answer: string | null, task: Ruled): Verdict | null {
  if (answer === null) return { right: false, rule: "no answer" };
  if (answer.trim() !== "" && answer.trim() === task.answer.trim()) return { right: true, rule: "exact" };
  if (isSceneSource(task.source)) return { right: false, rule: "exact" };
  if (Math.max(answer.length, task.answer.length) > longestRuled) return null;
  if (turnsOrder(answer)) return null;
  const boxes = [...new Set(boxed(answer))];
  const gold = boxed(task.answer).at(-1) ?? task.answer;
  const question = (task.question ?? "").normalize("NFKC").toLowerCase();
  if (boxes.length === 0) return decide(answer, gold, question);
  const verdicts = boxes.map((box) => decide(box, gold, question));
  const [first = null] = verdicts;
  if (verdicts.length > 1 && (first === null || verdicts.some((verdict) => verdict?.right !== first.right)))
    return { right: false, rule: "several boxes" };
  return first && { ...first, rule: `${first.rule} in a box` };
}

function decide(answer: string, goldAnswer: string, question: string): Verdict | null {
  const [given, gold] = [plain(answer), plain(goldAnswer)];
  const [small, goldSmall] = [given.toLowerCase(), gold.toLowerCase()];
  if (small === goldSmall && signsOf(given) !== signsOf(gold))
    return ruled("number", sameNumber(given, gold, question));
  for (const [name, rule, capitals] of rules) {
    const right = capitals ? rule(given, gold, question) : rule(small, goldSmall, question);
    if (right !== null) return ruled(name, right);
  }
  return null;
}

const ruled = (rule: string, right: boolean | null): Verdict | null => (right === null ? null : { right, rule });

/** The same without a judge: what no rule decides is wrong. */
export function judgeByRules(answer: string | null, task: Ruled): Verdict {
  return decideByRules(answer, task) ?? { right: false, rule: "no rule matches" };
}

/** Without layout and without a full stop at the end. */
const plain = (text: string): string => plainAnswer(text).replace(/(?<!\.)\s*\.$/, "");

/** 5M is not 5 m, nor 5 MW 5 mW: behind a number the capitals of a sign count. */
const signsOf = (text: string): string => (text.match(/\d ?\p{L}{1,3}(?!\p{L})/gu) ?? []).join();

/** Mathematics without blanks, but for those between two numbers; other text is compared by other rules. */
function tight(text: string): string {
  if (!/[\\^_=+*/√π]/.test(text)) return "";
  return text
    .replace(/(?<!\d) | (?!\d)/g, "")
    .replace(/_\{(\w+)\}/g, "_($1)")
    .replace(/([\^_])\((\w)\)(?!\w)/g, "$1$2");
}

/** "3" for "There are three dogs", where a number is asked for. What is counted must be what the sentence counts. */
function sameCount(given: string, gold: string, question: string): boolean | null {
  if (!/\bhow many\b|\bnumber of\b/.test(question)) return null;
  const meant = onlyNumber(gold);
  if (meant === null) return null;
  const known = `${gold} ${question}`.toLowerCase();
  const foreign = given
    .toLowerCase()
    .match(/\p{L}{3,}/gu)
    ?.some((word) => !isNumberWord(word) && !known.includes(word.replace(/s$/, "")));
  return foreign ? null : sameNumber(given, meant, question);
}
