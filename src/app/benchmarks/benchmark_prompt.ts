import { deepEyesSystem, deepEyesUser, plainSystem } from "../../policy/recipe_texts.ts";
import { choiceText, goldChoice, type MultipleChoice } from "../../reward/rules/options.ts";
import type { Task } from "../../tasks/task.ts";

/** DeepEyes' USER_PROMPT_V2 without what it says of the tool. */
const withoutTool = "\nThink first, then answer. Format strictly as:  <think>...</think>  <answer>...</answer> ";

/**
 * The part of a task that asks a multiple choice, as DeepEyes' evaluations put it (eval/eval_vstar.py, and word for
 * word so for HR-Bench): system prompt, picture, question and options, and how to answer. verl's chat puts its own
 * system message in the place of theirs; the compact one takes question and options alone.
 */
export function askedAsDeepEyes(
  choice: MultipleChoice,
  { zoom }: { zoom: boolean },
): Pick<Task, "question" | "answer" | "messages"> {
  const question = choiceText(choice);
  return {
    question,
    answer: goldChoice(choice),
    messages: [
      { role: "system", content: zoom ? deepEyesSystem : plainSystem },
      // An answer to it could hold the mark of a picture.
      { role: "user", content: `<image>${question.replaceAll("<image>", "")}${zoom ? deepEyesUser : withoutTool}` },
    ],
  };
}
