import { boxed } from "./latex.ts";
import { decideByRules, type Verdict } from "./rules.ts";

/** A multiple choice as the prompt has it. */
export interface MultipleChoice {
  question: string;
  options: readonly string[];
  /** Index of the right option. */
  right: number;
}

const letterOf = (index: number): string => String.fromCharCode(65 + index);

/** What is right, as DeepEyes writes it: "B. red". */
export const goldChoice = ({ options, right }: Pick<MultipleChoice, "options" | "right">): string =>
  `${letterOf(right)}. ${options[right]}`;

/** The question with its options, each on a line of its own. */
export const choiceText = ({ question, options }: MultipleChoice): string =>
  `Question: ${question}\nOptions: \n${options.map((option, i) => `${letterOf(i)}. ${option}\n`).join("")}\n`;

/**
 * Judges the answer to a multiple choice where that needs no reading: a letter, a letter with a full stop, "B. red",
 * the text of an option, or a sentence that holds the right one of these and no other (DeepEyes, eval/judge_result.py;
 * its rule looks for the right one alone, so that naming all options is right there). What is in a `\boxed{}` counts.
 * Null where a judge is needed.
 */
export function decideChoice(answer: string | null, choice: MultipleChoice): Verdict | null {
  if (answer === null) return { right: false, rule: "no answer" };
  const boxes = [...new Set(boxed(answer))];
  if (boxes.length > 1) return { right: false, rule: "several boxes" };
  const given = (boxes[0] ?? answer).trim();
  const letter = /^\(?([A-Za-z])\)?[.):]?$/.exec(given)?.[1]?.toUpperCase();
  if (letter !== undefined && letter < letterOf(choice.options.length))
    return { right: letter === letterOf(choice.right), rule: "letter" };
  const gold = goldChoice(choice);
  const decided = decideByRules(given, { answer: gold, question: choiceText(choice), source: "choice" });
  if (decided !== null) return decided;
  const held = choice.options.filter((option, i) => given.includes(`${letterOf(i)}. ${option}`));
  return held.length === 1 && given.includes(gold) ? { right: true, rule: "holds the option" } : null;
}
