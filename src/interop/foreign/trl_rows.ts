import { answerIn, type ForeignFormat, numberOf, partsOf, stepOf, textOf, turnsIn } from "./foreign_rollout.ts";
import { piecesOfMessages, promptOfMessages } from "./messages.ts";

const own = ["step", "prompt", "completion", "advantage", "reward", "images", "__index_level_0__"];

/** TRL's completions_<step>.parquet (GRPOTrainer with log_completions): a column for each reward function, and the advantage. */
export const trlRows: ForeignFormat = {
  program: "TRL",
  columns: ["step", "prompt", "completion", "advantage"],
  read(row) {
    const prompt = Array.isArray(row.prompt) ? promptOfMessages(row.prompt) : textOf(row.prompt);
    const pieces = Array.isArray(row.completion) ? piecesOfMessages(row.completion) : turnsIn(textOf(row.completion));
    const parts = partsOf(
      row,
      Object.keys(row).filter((name) => !own.includes(name)),
    );
    const sum = Object.values(parts).reduce((all, value) => all + value, 0);
    const total = numberOf(row.reward) ?? (Object.keys(parts).length > 0 ? sum : null);
    return {
      step: stepOf(row.step),
      taskKey: prompt,
      prompt,
      pieces,
      expected: "",
      answer: answerIn(pieces.map(({ text }) => text).join("")),
      reward: total === null ? null : { total, parts, right: total > 0, verdict: "reward above 0" },
      advantage: numberOf(row.advantage),
      end: "answer",
      error: null,
      dataSource: null,
    };
  },
};
