import { length } from "../../policy/python_text.ts";
import type { JudgedAnswer, JudgeRequest } from "../connection/request.ts";
import { answerAsVerl } from "../rewards/answer_verl.ts";
import {
  answerAsDeepEyes,
  equivalenceAsDeepEyes,
  mathAnswers,
  reasoningAnswer,
  verdictAsDeepEyes,
} from "../rewards/deepeyes.ts";
import { judgeRequestAsVerl, verdictAsVerl } from "../rewards/verl.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "./deepeyes_prompts.ts";

export type JudgeName = "hardened" | "verl" | "deepeyes" | "deepeyes-math" | "deepeyes-common";

/** A line for people about each judge. */
export const judgeLines: Record<JudgeName, string> = {
  hardened: "rules first, answers that play tricks refused, data as JSON, a verdict bound to a schema, no chance",
  verl: "as verl's DeepEyes recipe: CORRECT or INCORRECT, temperature 0.1, a new seed at every call",
  deepeyes: "as DeepEyes for vstar and chart: seven examples, 1 or 0, temperature 0.3",
  "deepeyes-math": "as DeepEyes for thinklite: rules, then TRUE or FALSE, temperature 0",
  "deepeyes-common": "as DeepEyes for general reasoning: TRUE or FALSE, temperature 0.5, asked up to eight times",
};

/** A judge of the originals, to the letter but for one thing: a judge that cannot be reached is no verdict. */
export interface FaithfulJudge {
  /** What is judged of a whole response. */
  answerIn(response: string): string;
  /** Wrong without a question, and why; null: the judge is asked. */
  wrongUnasked(answer: string): string | null;
  /** Whether rules may say that the answer is right before the judge is asked. */
  rulesFirst: boolean;
  request(answer: string, asked: JudgedAnswer): JudgeRequest;
  /** Null where the reply says neither. */
  verdict(reply: string): boolean | null;
  /**
   * All that the original asks for. It never looks at finish_reason, but of a reply that was cut off only this is
   * taken: the rest would have been about an unfinished thought, or have taken it back.
   */
  wholeReply: RegExp;
  /** Questions until a reply says something; then the answer is wrong. */
  tries: number;
  /** Whether 1,000 characters or more are wrong whatever the judge said, who is asked all the same. */
  longIsWrong: boolean;
}

const asked = () => null;

export const faithfulJudges: Record<Exclude<JudgeName, "hardened">, FaithfulJudge> = {
  verl: {
    answerIn: (response) => answerAsVerl(response).answer,
    wrongUnasked: asked,
    rulesFirst: false,
    request: judgeRequestAsVerl,
    verdict: (reply) => verdictAsVerl(reply) === 1,
    wholeReply: /^["'*]*(?:IN)?CORRECT["'*.]*$/i,
    tries: 1,
    longIsWrong: true,
  },
  deepeyes: {
    answerIn: answerAsDeepEyes,
    wrongUnasked: asked,
    rulesFirst: false,
    request: judgeRequestAsDeepEyes,
    verdict: (reply) => verdictAsDeepEyes(reply) === 1,
    wholeReply: /^(?:Judgement:\s*)?[01]$/,
    tries: 1,
    longIsWrong: true,
  },
  "deepeyes-math": {
    answerIn: (response) => mathAnswers(response).at(-1) ?? "",
    wrongUnasked: (answer) => (answer === "" ? "no box" : null),
    rulesFirst: true,
    request: mathRequest,
    verdict: equivalenceAsDeepEyes,
    wholeReply: /^(?:## Equivalence Judgement)?\W*(?:TRUE|FALSE)\W*$/i,
    tries: 1,
    longIsWrong: false,
  },
  "deepeyes-common": {
    answerIn: reasoningAnswer,
    wrongUnasked: (answer) => (answer === "" ? "no answer" : length(answer) >= 1000 ? "too long" : null),
    rulesFirst: false,
    request: reasoningRequest,
    verdict: equivalenceAsDeepEyes,
    wholeReply: /^(?:## Equivalence Judgement)?\W*(?:TRUE|FALSE)\W*$/i,
    tries: 8,
    longIsWrong: false,
  },
};

/** The seed that the originals draw for each call: 0 to 1,000,000, both included. */
export const drawnSeed = (random: () => number): number => Math.floor(random() * 1_000_001);
