import { afterLast, count, length, strip } from "../../policy/python_text.ts";
import type { Judge, JudgedAnswer } from "../connection/request.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "../judges/deepeyes_prompts.ts";
import { originalWeights, type RewardParts, sumOf, weightedParts } from "./weighted_parts.ts";

const tries = 8;

/** DeepEyes' three rewards, each with a judge of its own. */
export type RewardKind = "vision" | "reasoning" | "math";

/**
 * Which of them a row of data gets (6c5e796, verl/utils/reward_score/__init__.py: vstar, vl_agent, chart; geoguessr;
 * thinklite_eureka, xince). Data of other names, which DeepEyes refuses, is taken for questions about pictures.
 */
export function rewardKindAsDeepEyes(dataSource: string): RewardKind {
  if (dataSource === "geoguessr") return "reasoning";
  return ["thinklite_eureka", "xince"].includes(dataSource) ? "math" : "vision";
}

/** 1 or 0, from the reply to the main prompt: "10" is right, "1." without a label is wrong. */
export function verdictAsDeepEyes(reply: string): number {
  const text = strip(reply);
  if (text.includes("Judgement:")) return afterLast(text, "Judgement:").includes("1") ? 1 : 0;
  return text === "1" ? 1 : 0;
}

/** True, false, or null where the reply to the two other prompts says neither or both. */
export function equivalenceAsDeepEyes(reply: string): boolean | null {
  const text = afterLast(strip(reply), "## Equivalence Judgement").toLowerCase();
  const [yes, no] = [text.includes("true"), text.includes("false")];
  return yes === no ? null : yes;
}

/** What counts in all tags but the answer's. */
function lookAt(response: string) {
  const openings = count(response, "<|vision_start|><|image_pad|>");
  const said = strip(afterLast(response, "</think>"));
  return {
    said,
    zoomed: openings > 0,
    formatError:
      count(response, "<think>") !== count(response, "</think>") ||
      openings !== count(response, "<|image_pad|><|vision_end|>") ||
      count(said, "<answer>") !== count(said, "</answer>"),
  };
}

const mathWeights = { answer: 1.2, format: 0.4, zoom: 0 };

/** The answer behind the last `<answer>`, anywhere in the response; all of it where there is none. */
export const answerAsDeepEyes = (response: string): string =>
  strip(afterLast(response, "<answer>").split("</answer>")[0]!);

/**
 * What DeepEyes pays for a response, once it is known whether its answer is right: for pictures and general reasoning
 * 0.8 answer + 0.2 format + 1.2 for a right answer after a zoom that worked; for mathematics 1.2 answer + 0.4 format.
 * @param response decoded with special tokens
 */
export function partsAsDeepEyes(
  kind: RewardKind,
  response: string,
  judgedRight: boolean,
  weights: Readonly<RewardParts> = originalWeights,
): RewardParts {
  const { zoomed, formatError } = lookAt(response);
  if (kind === "math") {
    const boxes = mathAnswers(response);
    const broken = count(response, "<think>") !== count(response, "</think>") || boxes.length !== 1;
    const right = judgedRight && boxes.length > 0;
    return weightedParts({ right, wellFormed: !broken, earned: false }, mathWeights);
  }
  const answer = kind === "reasoning" ? reasoningAnswer(response) : answerAsDeepEyes(response);
  const none = length(answer) >= 1000 || (kind === "reasoning" && answer === "");
  const right = judgedRight && !none;
  return weightedParts({ right, wellFormed: !formatError && !none, earned: zoomed && right }, weights);
}

/** The reward for questions about pictures. @throws what the judge throws */
export async function scoreAsDeepEyes(response: string, asked: JudgedAnswer, judge: Judge): Promise<number> {
  const right = verdictAsDeepEyes(await judge(judgeRequestAsDeepEyes(answerAsDeepEyes(response), asked)));
  return sumOf(partsAsDeepEyes("vision", response, right === 1));
}

/** The first answer behind the last thought, "" where there is none. */
export const reasoningAnswer = (response: string): string =>
  strip(/<answer>(.*?)<\/answer>/s.exec(lookAt(response).said)?.[1] ?? "");

/** What stands in the boxes behind the last thought, each up to its first closing brace. */
export const mathAnswers = (response: string): string[] =>
  [...strip(afterLast(response, "</think>")).matchAll(/\\boxed\{([^}]+)\}/g)].map((match) => match[1]!);

/** The reward for general reasoning: the first answer behind the last thought, which must be there. */
export async function scoreReasoningAsDeepEyes(response: string, asked: JudgedAnswer, judge: Judge): Promise<number> {
  const answer = reasoningAnswer(response);
  let right: boolean | null = null;
  if (answer !== "" && length(answer) < 1000)
    for (let i = 0; i < tries && right === null; i++)
      right = equivalenceAsDeepEyes(await judge(reasoningRequest(answer, asked)));
  return sumOf(partsAsDeepEyes("reasoning", response, right === true));
}

/**
 * The reward for mathematics: the last `\boxed{...}` behind the last thought, up to its first closing brace; a rule
 * decides, and the judge where the rule says no.
 */
export async function scoreMathAsDeepEyes(
  response: string,
  asked: JudgedAnswer,
  rule: (goldAnswer: string, answer: string) => boolean,
  judge: Judge,
): Promise<number> {
  const answer = mathAnswers(response).at(-1);
  const right = answer !== undefined && (rule(asked.goldAnswer, answer) || (await ask(judge, answer, asked)));
  return sumOf(partsAsDeepEyes("math", response, right));
}

async function ask(judge: Judge, answer: string, asked: JudgedAnswer): Promise<boolean> {
  for (let i = 0; i < tries; i++) {
    try {
      return equivalenceAsDeepEyes(await judge(mathRequest(answer, asked))) === true;
    } catch {
      // DeepEyes asks again, and takes eight failures for a wrong answer.
    }
  }
  return false;
}
