import { wholeText } from "../../agent/response_text.ts";
import type { JudgeWords, Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import { responseOf } from "../responses/response_of.ts";
import type { Verdict } from "../rules/rules.ts";
import type { AnswerJudge } from "./judge.ts";
import { judgeNamed } from "./table.ts";

/** A verdict, or why there is none. */
export interface Reply {
  verdict: Verdict | null;
  why: string | null;
  /** What the model was asked last and said; null where none was asked. */
  words: JudgeWords | null;
}

/**
 * Asks a judge about the rollouts of one task. A judge that reads answers alone says the same about equal answers, so it
 * is asked once per answer: a group often agrees. The others are asked for each rollout, as the originals do.
 */
export function verdictsOf(task: Task, judge: AnswerJudge, signal?: AbortSignal): (rollout: Rollout) => Promise<Reply> {
  const { reads } = judgeNamed(judge.name);
  const asked = new Map<string | null, Promise<Reply>>();
  const ask = async (rollout: Rollout): Promise<Reply> => {
    let why: string | null = null;
    let words: JudgeWords | null = null;
    const { question, answer: goldAnswer, source, dataSource } = task;
    const { answer } = rollout;
    const response = reads === "answer" ? undefined : responseText(rollout, reads);
    const verdict = await judge.verdict(
      { question, goldAnswer, answer, response, source, dataSource },
      signal,
      (sentence) => {
        why = sentence;
      },
      (exchange) => {
        words = exchange;
      },
    );
    return { verdict, why, words };
  };
  return (rollout) => {
    if (reads !== "answer") return ask(rollout);
    const known = asked.get(rollout.answer) ?? ask(rollout);
    asked.set(rollout.answer, known);
    return known;
  };
}

/** As verl (plain) or DeepEyes (whole) decodes it. */
const responseText = (rollout: Rollout, reads: "plain" | "whole"): string =>
  reads === "plain" ? responseOf(rollout).plain : wholeText(responseOf(rollout));
