import { afterLast, count, length, strip } from "../policy/python_text.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "./judge_deepeyes.ts";
import type { Judge, JudgedAnswer } from "./judge_request.ts";

const tries = 8;

/** Which of DeepEyes' three rewards a row of data gets (6c5e796, verl/utils/reward_score/__init__.py). */
export function rewardNameAsDeepEyes(dataSource: string): "vision" | "reasoning" | "math" {
  if (["vstar", "vl_agent", "chart"].includes(dataSource)) return "vision";
  if (dataSource === "geoguessr") return "reasoning";
  if (["thinklite_eureka", "xince"].includes(dataSource)) return "math";
  throw new Error(
    `DeepEyes has no reward for data of "${dataSource}"; it knows vstar, vl_agent, chart, geoguessr, thinklite_eureka and xince`,
  );
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

const sum = (right: number, formatError: boolean, zoomed: boolean) =>
  0.8 * right + 0.2 * (formatError ? -1 : 0) + 1.2 * (zoomed && right > 0.5 ? 1 : 0);

/** The answer behind the last `<answer>`, anywhere in the response; all of it where there is none. */
export const answerAsDeepEyes = (response: string): string =>
  strip(afterLast(response, "<answer>").split("</answer>")[0]!);

/**
 * The reward for questions about pictures: 0.8 answer + 0.2 format + 1.2 for a right answer after a zoom that worked.
 * @param response decoded with special tokens
 * @throws what the judge throws
 */
export async function scoreAsDeepEyes(response: string, asked: JudgedAnswer, judge: Judge): Promise<number> {
  const { zoomed, formatError } = lookAt(response);
  const answer = answerAsDeepEyes(response);
  const right = verdictAsDeepEyes(await judge(judgeRequestAsDeepEyes(answer, asked)));
  const long = length(answer) >= 1000;
  return sum(long ? 0 : right, formatError || long, zoomed);
}

/** The first answer behind the last thought, "" where there is none. */
export const reasoningAnswer = (response: string): string =>
  strip(/<answer>(.*?)<\/answer>/s.exec(lookAt(response).said)?.[1] ?? "");

/** What stands in the boxes behind the last thought, each up to its first closing brace. */
export const mathAnswers = (response: string): string[] =>
  [...strip(afterLast(response, "</think>")).matchAll(/\\boxed\{([^}]+)\}/g)].map((match) => match[1]!);

/** The same for general reasoning: the first answer behind the last thought, which must be there. */
export async function scoreReasoningAsDeepEyes(response: string, asked: JudgedAnswer, judge: Judge): Promise<number> {
  const { zoomed, formatError } = lookAt(response);
  const answer = reasoningAnswer(response);
  if (answer === "" || length(answer) >= 1000) return sum(0, true, zoomed);
  for (let i = 0; i < tries; i++) {
    const right = equivalenceAsDeepEyes(await judge(reasoningRequest(answer, asked)));
    if (right !== null) return sum(right ? 1 : 0, formatError, zoomed);
  }
  return sum(0, formatError, zoomed);
}

/**
 * The reward for mathematics: 1.2 answer + 0.4 format, no tool. The last `\boxed{...}` behind the last thought, up to
 * its first closing brace; a rule decides, and the judge where the rule says no.
 */
export async function scoreMathAsDeepEyes(
  response: string,
  asked: JudgedAnswer,
  rule: (goldAnswer: string, answer: string) => boolean,
  judge: Judge,
): Promise<number> {
  const boxes = mathAnswers(response);
  const answer = boxes.at(-1);
  const formatError = count(response, "<think>") !== count(response, "</think>") || boxes.length !== 1;
  const right = answer !== undefined && (rule(asked.goldAnswer, answer) || (await ask(judge, answer, asked)));
  return 1.2 * (right ? 1 : 0) + 0.4 * (formatError ? -1 : 0);
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
