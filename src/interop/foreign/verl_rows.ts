import type { End } from "../../agent/rollout.ts";
import { answerIn, type ForeignFormat, numberOf, partsOf, stepOf, textOf, turnsIn } from "./foreign_rollout.ts";

/**
 * verl's trainer.rollout_data_dir (verl/trainer/ppo/ray_trainer.py, _dump_generations): input, output, gts, score, step,
 * and what its reward function returned beside; DeepEyes' and our own dumps have the same first columns.
 */
export const verlRows: ForeignFormat = {
  program: "verl",
  columns: ["input", "output", "score"],
  read(row) {
    const output = textOf(row.output);
    const score = numberOf(row.score);
    const own = Object.keys(row).filter((name) => name.startsWith("reward_"));
    const parts = own.length > 0 ? partsOf(row, own) : score === null ? {} : { score };
    const total = numberOf(row.reward) ?? score;
    const acc = numberOf(row.acc);
    const verdict = typeof row.verdict === "string" ? row.verdict : acc === null ? "score above 0" : "acc of the log";
    const prompt = textOf(row.input);
    return {
      step: stepOf(row.step),
      taskKey: `${prompt}\n${textOf(row.gts)}`,
      prompt,
      pieces: turnsIn(output),
      expected: textOf(row.gts),
      answer: row.pred === undefined || row.pred === null ? answerIn(output) : textOf(row.pred),
      reward: total === null ? null : { total, parts: shortened(parts), right: (acc ?? total) > 0, verdict },
      advantage: numberOf(row.advantage),
      end: ends.find((end) => end === row.end) ?? "answer",
      error: null,
      dataSource: typeof row.data_source === "string" ? row.data_source : null,
    };
  },
};

/** In our own dumps. */
const ends: readonly End[] = ["answer", "malformed", "length", "turns", "error"];

/** Ours carry the part's name behind reward_. */
const shortened = (parts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, value]) => [name.replace(/^reward_/, ""), value]));
