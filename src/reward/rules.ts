import type { Task } from "../tasks/task.ts";

/** Whether an answer is right, and which rule said so. */
export interface Verdict {
  right: boolean;
  /** e.g. "exact", "number", "no answer"; for people to read. */
  rule: string;
}

/**
 * Judges an answer by rules alone. Needle tasks have one spelling, so only that counts (after trimming); for other
 * tasks letter case, a closing full stop, the spelling of a number and the form of a choice ("(B)", "B. red") do not
 * matter. What no rule can match is wrong: prose that means the same needs a judge that reads.
 * @param answer what the model gave, null where it gave none
 */
export function judgeByRules(answer: string | null, task: Pick<Task, "answer" | "source">): Verdict {
  if (answer === null) return { right: false, rule: "no answer" };
  if (answer.trim() === task.answer.trim()) return { right: true, rule: "exact" };
  if (task.source === "needle") return { right: false, rule: "exact" };

  const [given, gold] = [plain(answer), plain(task.answer)];
  if (given !== "" && given === gold) return { right: true, rule: "case" };
  const [givenNumber, goldNumber] = [number(given), number(gold)];
  if (givenNumber !== null && goldNumber !== null) return { right: givenNumber === goldNumber, rule: "number" };
  const [givenChoice, goldChoice] = [choice(given), choice(gold)];
  if (givenChoice && goldChoice) return { right: givenChoice === goldChoice, rule: "choice" };
  return { right: false, rule: "no rule matches" };
}

/** Lower case, single blanks, no full stop at the end. */
function plain(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\s*\.$/, "");
}

/** The number that the whole text is ("1,250", "-.5", "3e2"), else null. */
function number(text: string): number | null {
  const withoutGroups = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/.test(withoutGroups) ? Number(withoutGroups) : null;
}

/** The letter of a multiple choice: "b", "(b)", "b)", "b. red", "b: red"; else null. */
function choice(text: string): string | null {
  return /^(?:\(([a-h])\)|([a-h])(?=$|[.):]))/.exec(text)?.slice(1).find(Boolean) ?? null;
}
