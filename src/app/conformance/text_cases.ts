import { callsAsVerl, type VerlCall } from "../../agent/environments/calls_verl.ts";
import { type TurnLimits, VerlTurns } from "../../agent/environments/turns_verl.ts";
import type { AskJudge, JudgedAnswer } from "../../reward/connection/request.ts";
import { verdictAsDeepEyes } from "../../reward/judges/deepeyes.ts";
import { verdictAsVerl } from "../../reward/judges/verl.ts";
import { answerAsDeepEyes } from "../../reward/responses/deepeyes.ts";
import { answerAsVerl } from "../../reward/responses/verl.ts";
import { scoreAsDeepEyes, scoreAsVerl, scoreMathAsDeepEyes } from "./original_scores.ts";
import { close, type Outcome, same } from "./outcome.ts";
import { stepAsDeepEyes } from "./step_deepeyes.ts";

export interface ParseCase {
  id: string;
  text: string;
  verl_calls: VerlCall[];
  verl_content: string;
  verl_executes_first_only: VerlCall[];
  official_v2_step_on_1000x800: { done: boolean; observation: "none" | "text" | "image"; prompt: string };
}

export interface RewardCase {
  id: string;
  judge_says_correct: boolean;
  official_response_str: string;
  official_answer_sent_to_judge: string;
  official_score_vstar_chart: number;
  verl_response_str_decoded_without_special_tokens: string;
  verl_answer_sent_to_judge: string;
  verl_score: number;
}

export interface MathCase {
  id: string;
  response_str: string;
  ground_truth: string;
  judge_reply: string | null;
  score: number;
}

export interface VerdictCase {
  id: string;
  judge_reply: string | null;
  official_acc?: number;
  verl_acc?: number;
  official?: string;
  verl_score?: number;
}

export interface TurnsCase {
  id: string;
  turns: { generated_tokens: number; has_parsable_call: boolean; observation_tokens: number }[];
  limits: { response_length: number; max_assistant_turns: number | null; max_user_turns: number | null };
  expected: Record<string, string | number>;
}

const scoreTolerance = 1e-9;

export async function* parse(one: ParseCase): AsyncGenerator<Outcome> {
  const { content, calls } = callsAsVerl(one.text);
  const got = { calls, content, first: calls.slice(0, 1) };
  const want = { calls: one.verl_calls, content: one.verl_content, first: one.verl_executes_first_only };
  yield same("calls, verl", one.id, got, want);
  const step = await stepAsDeepEyes(one.text, { width: 1000, height: 800 });
  const made = step.done
    ? { done: true, observation: "none", prompt: "" }
    : {
        done: false,
        observation: step.cropSourcePx || step.rotateDegrees !== undefined ? "image" : "text",
        prompt: step.prompt,
      };
  yield same("step, DeepEyes", one.id, made, one.official_v2_step_on_1000x800);
}

/** A judge that always says the same, and keeps what it was asked; null: that cannot be reached. */
function judgeThatSays(reply: string | null): { judge: AskJudge; asked: string[] } {
  const asked: string[] = [];
  const judge: AskJudge = async ({ messages }) => {
    asked.push(messages.at(-1)!.content);
    if (reply === null) throw new Error("RuntimeError");
    return reply;
  };
  return { judge, asked };
}

const nothing: JudgedAnswer = { question: "", goldAnswer: "" };

export async function* reward(one: RewardCase): AsyncGenerator<Outcome> {
  const deepeyes = judgeThatSays(one.judge_says_correct ? "1" : "0");
  const official = await scoreAsDeepEyes(one.official_response_str, nothing, deepeyes.judge);
  yield close("reward, DeepEyes", one.id, {
    got: [official],
    want: [one.official_score_vstar_chart],
    tolerance: scoreTolerance,
  });
  const sent = answerAsDeepEyes(one.official_response_str);
  yield same("answer to the judge, DeepEyes", one.id, sent, one.official_answer_sent_to_judge);
  yield judged("prompt to the judge, DeepEyes", one.id, deepeyes.asked, `[Model_answer] : ${sent}\nJudgement:`);

  const response = one.verl_response_str_decoded_without_special_tokens;
  const verl = judgeThatSays(one.judge_says_correct ? "CORRECT" : "INCORRECT");
  yield close("reward, verl", one.id, {
    got: [await scoreAsVerl(response, nothing, verl.judge)],
    want: [one.verl_score],
    tolerance: scoreTolerance,
  });
  const { answer } = answerAsVerl(response);
  yield same("answer to the judge, verl", one.id, answer, one.verl_answer_sent_to_judge);
  yield judged("prompt to the judge, verl", one.id, verl.asked, `[Model's Answer]: ${answer}\n[Your Judgement]:`);
}

/** The judge must have been asked once, about this answer. */
function judged(quantity: string, name: string, asked: readonly string[], end: string): Outcome {
  const passed = asked.length === 1 && asked[0]!.endsWith(end);
  return {
    quantity,
    name,
    passed,
    detail: passed ? "" : `the judge was asked ${asked.length} times, or about another answer`,
  };
}

export async function* math(one: MathCase): AsyncGenerator<Outcome> {
  const { judge } = judgeThatSays(one.judge_reply);
  const asked = { question: "", goldAnswer: one.ground_truth };
  // The references were made with equal texts in the place of math_verify.
  const score = await scoreMathAsDeepEyes(one.response_str, asked, (gold, answer) => gold === answer, judge);
  yield close("mathematics, DeepEyes", one.id, { got: [score], want: [one.score], tolerance: scoreTolerance });
}

export async function* verdict(one: VerdictCase): AsyncGenerator<Outcome> {
  const { id, judge_reply: reply } = one;
  if (one.official_acc !== undefined)
    yield same("verdict, DeepEyes", id, reply === null ? "no reply" : verdictAsDeepEyes(reply), one.official_acc);
  if (one.verl_acc !== undefined)
    yield same("verdict, verl", id, reply === null ? "no reply" : verdictAsVerl(reply), one.verl_acc);
  if (one.official?.startsWith("exception")) {
    const thrown = await scoreAsDeepEyes("", nothing, judgeThatSays(reply).judge).catch(() => "exception");
    yield same("verdict, DeepEyes", id, thrown, "exception");
  }
  if (one.verl_score !== undefined) {
    const score = await scoreAsVerl("<answer>a</answer>", nothing, judgeThatSays(reply).judge);
    yield close("verdict, verl", id, { got: [score], want: [one.verl_score], tolerance: scoreTolerance });
  }
}

export function* turns({ id, turns: made, limits, expected }: TurnsCase): Generator<Outcome> {
  const allowed: TurnLimits = {
    responseTokens: limits.response_length,
    assistantTurns: limits.max_assistant_turns ?? 0,
    userTurns: limits.max_user_turns ?? 0,
  };
  const counters = new VerlTurns(allowed);
  let stop: string | null = null;
  for (const turn of made) {
    stop =
      counters.generated(turn.generated_tokens, turn.has_parsable_call ? 1 : 0) ??
      counters.observed(turn.observation_tokens);
    if (stop) break;
  }
  yield same(
    "turns, verl",
    id,
    {
      stop,
      assistant_turns: counters.assistantTurns,
      user_turns: counters.userTurns,
      num_turns: counters.turns,
      executed_calls: counters.executedCalls,
      readme_formula_num_turns_over_2_minus_1: counters.turns / 2 - 1,
      response_mask_length: counters.responseTokens,
      masked_observation_tokens: counters.observationTokens,
    },
    expected,
  );
}
