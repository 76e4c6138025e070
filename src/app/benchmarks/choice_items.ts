import type { Rollout } from "../../agent/rollout.ts";
import { pictureHeader } from "../../image/picture_header.ts";
import type { Box } from "../../image/pixels.ts";
import type { AnswerJudge } from "../../reward/judges/judge.ts";
import { JudgeUnusable } from "../../reward/judges/judge_unusable.ts";
import { choiceText, decideChoice, goldChoice, type MultipleChoice } from "../../reward/rules/options.ts";
import { type OptionOrder, ordersOf, type Question } from "../../tasks/benchmarks/benchmark.ts";
import { decodedBytes, type PictureBudget, readPicture } from "../../tasks/rows/picture_budget.ts";
import type { Task } from "../../tasks/task.ts";
import { type Asking, type Control, changesOf, type Item, type Scored } from "./benchmark.ts";
import { askedAsDeepEyes } from "./benchmark_prompt.ts";

export interface ChoiceSettings {
  order: OptionOrder;
  /** Of the shuffled orders. */
  seed: number;
  budget: PictureBudget;
  /** Asked where no rule decides; the rules' own says wrong then. */
  judge: AnswerJudge;
}

/** Multiple choices about pictures. */
export function choiceItems(questions: readonly Question[], settings: ChoiceSettings): Item[] {
  return questions.map((question) => ({
    id: question.id,
    set: question.set,
    category: question.category,
    open: async () => {
      const bytes = await question.picture();
      const header = pictureHeader(bytes);
      const { memoryBytes } = settings.budget;
      if (decodedBytes(header) > memoryBytes)
        throw new Error(
          `${question.id}: its picture of ${header.width} x ${header.height} needs ${decodedBytes(header)} bytes while it is decoded, ${memoryBytes} are allowed; raise --picture-memory`,
        );
      const { pixels } = await readPicture(bytes, settings.budget);
      const [x, y] = [pixels.width / header.width, pixels.height / header.height];
      const targets = question.targetsSourcePx.map(
        ([left, top, right, bottom]): Box => [left * x, top * y, right * x, bottom * y],
      );
      const askings = (control: Control): Asking[] => {
        const how = control === "as-given" ? "as-given" : settings.order;
        return ordersOf(question, how, settings.seed).map((order, index) => {
          const choice = { question: question.question, ...order };
          const task: Task = {
            id: `${question.id}#${index}`,
            source: question.set,
            ...askedAsDeepEyes(choice, changesOf[control]),
            imageSizesPx: [{ width: pixels.width, height: pixels.height }],
            // The loop knows one box; of several objects each counts (see benchmark.ts).
            ...(targets.length === 1 ? { goldBoxSourcePx: targets[0] } : {}),
          };
          return {
            task,
            order: index,
            gold: goldChoice(choice),
            guess: 1 / choice.options.length,
            score: (rollout) => scoreChoice(rollout, choice, settings.judge),
          };
        });
      };
      return { pixels: [pixels], targetsSourcePx: targets, askings };
    },
  }));
}

async function scoreChoice({ end, answer }: Rollout, choice: MultipleChoice, judge: AnswerJudge): Promise<Scored> {
  if (end === "error") return { right: null, verdict: "the rollout failed" };
  const decided = decideChoice(answer, choice);
  if (decided) return { right: decided.right, verdict: decided.rule };
  let why = "";
  const verdict = await judge.verdict(
    {
      // The original's judge is not shown the options; ours may be.
      question: judge.name === "hardened" ? choiceText(choice) : choice.question,
      goldAnswer: goldChoice(choice),
      answer,
      source: "choice",
      dataSource: "vstar",
    },
    undefined,
    (failed) => {
      why = `: ${failed}`;
    },
  );
  if (verdict === null && judge.counts.unusable) throw new JudgeUnusable(judge.counts.unusable);
  return verdict ? { right: verdict.right, verdict: verdict.rule } : { right: null, verdict: `no verdict${why}` };
}
