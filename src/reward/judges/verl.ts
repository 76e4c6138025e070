import { strip } from "../../policy/python_text.ts";
import type { JudgedAnswer, JudgeRequest } from "../connection/request.ts";
import { answerAsVerl } from "../responses/verl.ts";
import { defineJudge } from "./judge.ts";

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

export const verl = defineJudge({
  name: "verl",
  label: "verl’s recipe",
  help: "as verl's DeepEyes recipe: CORRECT or INCORRECT, temperature 0.1, a new seed at every call",
  source: "volcengine/verl b37184774, recipe/deepeyes/deepeyes.py",
  way: "original",
  reads: "plain",
  asks: () => ({
    answerIn: (response) => answerAsVerl(response).answer,
    wrongUnasked: () => null,
    rulesFirst: false,
    request: judgeRequestAsVerl,
    verdict: (reply) => verdictAsVerl(reply) === 1,
    wholeReply: /^["'*]*(?:IN)?CORRECT["'*.]*$/i,
    tries: 1,
    longIsWrong: true,
  }),
});
