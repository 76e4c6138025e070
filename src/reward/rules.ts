import type { Task } from "../tasks/task.ts";
import { boxed, withoutLatex } from "./latex.ts";
import { sameChoice } from "./rule_choice.ts";
import { onlyNumber, sameNumber } from "./rule_number.ts";
import {
  completesSentence,
  sameAlternative,
  sameColours,
  samePhrase,
  sameSide,
  sameYesOrNo,
  type WordRule,
} from "./rule_words.ts";

/** Whether an answer is right, and which rule said so. */
export interface Verdict {
  right: boolean;
  /** e.g. "exact", "number", "no answer"; for people to read. */
  rule: string;
}

/** What a rule needs of a task; without the question the rules that read it decide nothing. */
export type Ruled = Pick<Task, "answer" | "source"> & Partial<Pick<Task, "question">>;

/** In the order in which they are tried; each decides only where it is sure. */
const rules: readonly [name: string, decide: WordRule][] = [
  ["case", (given, gold) => (given !== "" && given === gold ? true : null)],
  ["number", sameNumber],
  ["choice", sameChoice],
  ["LaTeX", (given, gold) => (tight(given) !== "" && tight(given) === tight(gold) ? true : null)],
  ["yes or no", sameYesOrNo],
  ["one of two", sameAlternative],
  ["colour", sameColours],
  ["side", sameSide],
  ["count", sameCount],
  ["phrase", samePhrase],
  ["end of the sentence", completesSentence],
];

/** Characters of an answer that rules look at: whoever writes more than that does not give one of the answers above. */
const longestRuled = 2000;

/**
 * Judges an answer by rules where one is sure, null where a judge that reads is needed. Needle tasks have one spelling,
 * so only that counts (after trimming). An answer in a `\boxed{}` is judged by what is in the box.
 * @param answer what the model gave, null where it gave none
 */
export function decideByRules(answer: string | null, task: Ruled): Verdict | null {
  if (answer === null) return { right: false, rule: "no answer" };
  if (answer.trim() === task.answer.trim()) return { right: true, rule: "exact" };
  if (task.source === "needle") return { right: false, rule: "exact" };
  if (answer.length > longestRuled) return null;
  const boxes = [...new Set(boxed(answer))];
  if (boxes.length > 1) return { right: false, rule: "several boxes" };
  const inBox = boxes.length === 1 ? " in a box" : "";
  const [given, gold] = [plain(boxes[0] ?? answer), plain(boxed(task.answer).at(-1) ?? task.answer)];
  const question = (task.question ?? "").normalize("NFKC").toLowerCase();
  for (const [name, decide] of rules) {
    const right = decide(given, gold, question);
    if (right !== null) return { right, rule: name + inBox };
  }
  return null;
}

/** The same without a judge: what no rule decides is wrong. */
export function judgeByRules(answer: string | null, task: Ruled): Verdict {
  return decideByRules(answer, task) ?? { right: false, rule: "no rule matches" };
}

/** Lower case, single blanks, no full stop at the end. */
function plain(text: string): string {
  return (
    text
      // 1½ would become 11/2.
      .replace(/[\u00bc-\u00be\u2150-\u215e]/g, (sign) => ` ${sign.normalize("NFKC").replace("⁄", "/")}`)
      .normalize("NFKC")
      .toLowerCase()
      .replace(/\s+/g, " ")
      .trim()
      .replace(/\s*\.$/, "")
  );
}

/** Mathematics without blanks; other text is compared by other rules. */
function tight(text: string): string {
  return /[\\^_=+*/√π]/.test(text) ? withoutLatex(text).replace(/\s+/g, "") : "";
}

/** "3" for "There are three dogs", where a number is asked for. */
function sameCount(given: string, gold: string, question: string): boolean | null {
  if (!/\bhow many\b|\bnumber of\b/.test(question)) return null;
  const meant = onlyNumber(gold);
  return meant === null ? null : sameNumber(given, meant);
}
