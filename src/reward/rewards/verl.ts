import { length, strip } from "../../policy/python_text.ts";
import type { Judge, JudgedAnswer, JudgeRequest } from "../connection/request.ts";
import { answerAsVerl } from "./answer_verl.ts";
import { originalWeights, type RewardParts, sumOf, weightedParts } from "./weighted_parts.ts";

// Both texts are verl's (b37184774, recipe/deepeyes/deepeyes.py), byte for byte.
const system = `You are an expert evaluator. Your task is to determine if a model's answer is semantically equivalent to a provided standard answer, given a specific question.
Your evaluation must be strict. The model's answer is only correct if it fully matches the meaning of the standard answer.
You must provide your final judgement as a single word: either "CORRECT" or "INCORRECT". Do not provide any explanation or other text.`;

const prompt = (question: string, goldAnswer: string, answer: string) =>
  `I will provide a question, a standard answer, and a model's answer. You must evaluate if the model's answer is correct.

---
**Example 1:**
[Question]: Is the countertop tan or blue?
[Standard Answer]: The countertop is tan.
[Model's Answer]: tan
[Your Judgement]: CORRECT
---
**Example 2:**
[Question]: Is the man phone both blue and closed?
[Standard Answer]: Yes, the man phone is both blue and closed.
[Model's Answer]: No.
[Your Judgement]: INCORRECT
---
**Task:**
[Question]: ${question}
[Standard Answer]: ${goldAnswer}
[Model's Answer]: ${answer}
[Your Judgement]:`;

/** What verl's recipe asks its judge about an answer. */
export function judgeRequestAsVerl(answer: string, { question, goldAnswer }: JudgedAnswer): JudgeRequest {
  return {
    messages: [
      { role: "system", content: system },
      { role: "user", content: prompt(question, goldAnswer, answer) },
    ],
    temperature: 0.1,
    extra: { chat_template_kwargs: { enable_thinking: false } },
  };
}

/** 1 or 0. Faithful to a fault: "NOT CORRECT" is correct. */
export const verdictAsVerl = (reply: string): number =>
  /(?<![\p{L}\p{N}_])CORRECT(?![\p{L}\p{N}_])/iu.test(strip(reply)) ? 1 : 0;

/**
 * What verl's recipe pays for a response, once it is known whether its answer is right: 0.8 answer + 0.2 format + 1.2
 * tool. The bonus goes to any response in which a call or a tool's reply is written, if the answer is right.
 * @param response decoded without special tokens
 */
export function partsAsVerl(
  response: string,
  judgedRight: boolean,
  weights: Readonly<RewardParts> = originalWeights,
): RewardParts {
  const found = answerAsVerl(response);
  // Long answers talk judges into things.
  const long = length(found.answer) >= 1000;
  const right = judgedRight && !long;
  const usedTool = /<tool_call>.*?<\/tool_call>|<tool_response>.*?<\/tool_response>/s.test(response);
  return weightedParts({ right, wellFormed: !found.formatError && !long, earned: usedTool && right }, weights);
}

/** The same with its judge; one that fails costs all. */
export async function scoreAsVerl(response: string, asked: JudgedAnswer, judge: Judge): Promise<number> {
  const { answer } = answerAsVerl(response);
  let right: boolean;
  try {
    right = verdictAsVerl(await judge(judgeRequestAsVerl(answer, asked))) === 1;
  } catch {
    return 0;
  }
  return sumOf(partsAsVerl(response, right));
}
