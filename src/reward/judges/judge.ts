import type { JudgeWords } from "../../agent/rollout.ts";
import type { ConnectionSettings } from "../../connection/server_connection.ts";
import type { JudgedAnswer, JudgeRequest } from "../connection/request.ts";
import type { Verdict } from "../rules/rules.ts";
import type { JudgeCounts } from "./counts.ts";

/** A judge that a run can choose. `defineJudge` makes one. */
export interface JudgeDefinition<Name extends string = string> {
  /** How runs and command lines name it. */
  readonly name: Name;
  /** For people, e.g. "DeepEyes". */
  readonly label: string;
  /** One line: how it decides. */
  readonly help: string;
  /** Where its prompt comes from. */
  readonly source: string;
  /**
   * rules: no model is asked. guarded: rules decide first, answers that try to influence the judge are refused, and a model's reply is
   * bound to a schema. original: a model is asked as `asks` says.
   */
  readonly way: "rules" | "guarded" | "original";
  /**
   * What it looks at: the answer alone, or the whole response without special tokens (as verl decodes it) or with them
   * (as DeepEyes does). One that looks at the answer alone says the same about the same answer.
   */
  readonly reads: "answer" | "plain" | "whole";
  /** For originals: how an answer is asked about, which may depend on the row's data_source. */
  readonly asks?: (dataSource: string) => OriginalJudge;
}

/** How a judge of the originals asks, to the letter but for one thing: one that cannot be reached gives no verdict. */
export interface OriginalJudge {
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

/** A judge, checked. @throws Error with one sentence that names what is wrong */
export function defineJudge<const Name extends string>(judge: JudgeDefinition<Name>): JudgeDefinition<Name> {
  const { name, way, asks } = judge;
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name))
    throw new Error(`Expected a judge's name of small letters, digits, "-" and "_", found ${JSON.stringify(name)}`);
  if ((way === "original") !== (asks !== undefined))
    throw new Error(`Expected asks() of the judge ${name} where its way is original, and nowhere else`);
  return Object.freeze(judge);
}

/** An answer to be judged. */
export interface Asked {
  question: string;
  goldAnswer: string;
  /** Null where the model gave none. */
  answer: string | null;
  /** The whole response as the originals decode it; they look for the answer in it themselves. */
  response?: string;
  /** Name of the task's source: tasks of generated scenes are judged by their one spelling. */
  source: string;
  /** The row's data_source: DeepEyes has another judge for each kind. */
  dataSource?: string;
}

/** A judge at work: it judges answers, one by one. */
export interface AnswerJudge {
  /** Of a judge of the table (table.ts). */
  readonly name: string;
  /**
   * Null where no verdict could be had; counted, and never a guess. Does not throw where the server or the network
   * fails: `failed` gets the reason, in one sentence. Where a model is asked, `onExchange` gets the question and the reply.
   */
  verdict(
    asked: Asked,
    signal?: AbortSignal,
    failed?: (why: string) => void,
    onExchange?: (words: JudgeWords) => void,
  ): Promise<Verdict | null>;
  /** Whether an answer is the one that its thought arrives at; null where the judge could not say. Only judges that ask a model can. */
  consistent?(thought: string, answer: string, signal?: AbortSignal): Promise<boolean | null>;
  readonly counts: JudgeCounts;
}

export interface JudgeSettings extends ConnectionSettings {
  /** Of a judge of the table that asks a model. */
  judge: string;
  /** Verdicts that decide on an answer, most of them; several models of `model`, separated by commas, have one each at least. */
  votes: number;
  /** Share of the hardened judge's questions to which a known-wrong answer is added, to see whether it approves. */
  canaryRate: number;
}
