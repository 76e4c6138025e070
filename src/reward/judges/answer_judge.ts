import { length } from "../../policy/python_text.ts";
import { JudgeFailure } from "../connection/failure.ts";
import { type ConnectionParts, type ConnectionSettings, JudgeConnection } from "../connection/judge_connection.ts";
import type { JudgeRequest } from "../connection/request.ts";
import { excerpt } from "../connection/server_sentence.ts";
import { masterKeys, refusal } from "../guard/answer_guard.ts";
import { cleanText } from "../guard/clean_text.ts";
import { rewardKindAsDeepEyes } from "../rewards/deepeyes.ts";
import { decideByRules, judgeByRules, type Verdict } from "../rules/rules.ts";
import { type JudgeCounts, noCounts } from "./counts.ts";
import { consistencyRequest, judgeRequestHardened } from "./hardened_prompt.ts";
import { drawnSeed, type FaithfulJudge, faithfulJudges, type JudgeName } from "./judge_presets.ts";
import { cacheKey, memoryCache, type VerdictCache } from "./verdict_cache.ts";
import { verdictInText } from "./verdict_text.ts";

/** An answer to be judged. */
export interface Asked {
  question: string;
  goldAnswer: string;
  /** Null where the model gave none. */
  answer: string | null;
  /** The whole response as the originals decode it; they look for the answer in it themselves. */
  response?: string;
  /** Name of the task's source: needle tasks are judged by their one spelling. */
  source: string;
  /** The row's data_source: DeepEyes has another judge for each kind. */
  dataSource?: string;
}

/** Judges answers, one by one. */
export interface AnswerJudge {
  readonly name: JudgeName | "rules";
  /**
   * Null where no verdict could be had; counted, and never a guess. Does not throw for what the world does: `failed` is
   * told why, in one sentence.
   */
  verdict(asked: Asked, signal?: AbortSignal, failed?: (why: string) => void): Promise<Verdict | null>;
  /** Whether an answer is the one that its thought arrives at; null where nobody could say. Only judges that read can. */
  consistent?(thought: string, answer: string, signal?: AbortSignal): Promise<boolean | null>;
  readonly counts: JudgeCounts;
}

export interface JudgeSettings extends ConnectionSettings {
  judge: JudgeName;
  /** Share of the hardened judge's questions to which a known-wrong answer is added, to see whether it approves. */
  canaryRate: number;
}

/** The judge that needs nobody: what no rule decides is wrong. */
export function rulesJudge(): AnswerJudge {
  const counts = noCounts({ calls: 0, retries: 0, failures: {}, callMs: 0 });
  return {
    name: "rules",
    counts,
    async verdict({ answer, goldAnswer, question, source }) {
      counts.asked++;
      counts.byRule++;
      return judgeByRules(answer, { answer: goldAnswer, question, source });
    },
  };
}

/**
 * A judge that reads, at the endpoint of the settings.
 * @throws Error for an address or a key that cannot be one
 */
export function openJudge(
  settings: Partial<JudgeSettings> & { url: string },
  parts: Partial<ConnectionParts & { cache: VerdictCache }> = {},
): RemoteJudge {
  return new RemoteJudge(settings, parts);
}

export class RemoteJudge implements AnswerJudge {
  readonly name: JudgeName;
  readonly connection: JudgeConnection;
  readonly counts: JudgeCounts;
  readonly #random: () => number;
  readonly #cache: VerdictCache;
  readonly #canaryRate: number;
  /** False once the server refused a schema. */
  #schema = true;
  #questions = 0;
  /** Why no question can be answered, once one was refused so. */
  #refused: JudgeFailure | null = null;

  constructor(
    { judge = "hardened", canaryRate = 0.02, ...settings }: Partial<JudgeSettings> & { url: string },
    { cache = memoryCache(), ...parts }: Partial<ConnectionParts & { cache: VerdictCache }>,
  ) {
    this.name = judge;
    this.connection = new JudgeConnection(settings, parts);
    this.counts = noCounts(this.connection.counts);
    this.#random = parts.random ?? Math.random;
    this.#cache = cache;
    this.#canaryRate = canaryRate;
  }

  async verdict(asked: Asked, signal?: AbortSignal, failed?: (why: string) => void): Promise<Verdict | null> {
    this.counts.asked++;
    try {
      return await (this.name === "hardened"
        ? this.#hardened(asked, signal)
        : this.#faithful(faithfulJudges[this.#judgeOf(this.name, asked)], asked, signal));
    } catch (error) {
      if (!(error instanceof JudgeFailure)) throw error;
      this.counts.failed++;
      this.counts.failures[error.kind] = (this.counts.failures[error.kind] ?? 0) + 1;
      // What was cut off by a stop says nothing about the judge.
      if (error.kind !== "aborted") this.counts.lastFailure = error.message;
      failed?.(error.message);
      return null;
    }
  }

  /**
   * What the judge alone says, without rules and refusals before it: for canaries and audits.
   * @throws JudgeFailure
   */
  async verdictUnguarded(asked: Asked & { answer: string }, signal?: AbortSignal): Promise<boolean> {
    if (this.name === "hardened") return this.#askHardened(asked, asked.answer, signal);
    const { right } = await this.#askFaithful(
      faithfulJudges[this.#judgeOf(this.name, asked)],
      asked,
      asked.answer,
      signal,
    );
    return right;
  }

  /** `deepeyes` is three judges, of which the row's data chooses one. */
  #judgeOf(name: Exclude<JudgeName, "hardened">, { dataSource = "" }: Asked): Exclude<JudgeName, "hardened"> {
    if (name !== "deepeyes") return name;
    const kind = rewardKindAsDeepEyes(dataSource);
    return kind === "math" ? "deepeyes-math" : kind === "reasoning" ? "deepeyes-common" : "deepeyes";
  }

  async #hardened(asked: Asked, signal: AbortSignal | undefined): Promise<Verdict> {
    const { answer } = asked;
    const ruled = decideByRules(answer, { answer: asked.goldAnswer, question: asked.question, source: asked.source });
    // Only the same words are right before tricks are looked for.
    if (answer === null || ruled?.rule === "exact" || ruled?.rule === "case") return this.#byRule(ruled!);
    // What is looked at is what is sent, to the letter.
    const clean = cleanText(answer);
    const refused = refusal(clean, asked.goldAnswer, asked.question);
    if (refused !== null) {
      this.counts.refused++;
      return { right: false, rule: `refused: ${refused}` };
    }
    if (ruled !== null) return this.#byRule(ruled);
    const canary = this.#canary(asked, signal);
    const [right] = await Promise.all([this.#askHardened(asked, clean, signal), canary]);
    return this.#byJudge(right);
  }

  /** With the first question and every so many after it, not by chance: two runs of one seed ask the same. */
  async #canary(asked: Asked, signal: AbortSignal | undefined): Promise<void> {
    const before = Math.ceil(this.#questions * this.#canaryRate);
    if (Math.ceil(++this.#questions * this.#canaryRate) === before) return;
    try {
      const approved = await this.#askHardened(asked, masterKeys[this.counts.canaries++ % masterKeys.length], signal);
      if (approved) this.counts.canariesApproved++;
    } catch (error) {
      // It belongs to no rollout: the connection has counted it, and nothing waits for it.
      if (!(error instanceof JudgeFailure)) throw error;
      this.counts.canaries--;
    }
  }

  async consistent(thought: string, answer: string, signal?: AbortSignal): Promise<boolean | null> {
    try {
      return await this.#askBound((withSchema) => consistencyRequest(thought, answer, withSchema), signal);
    } catch (error) {
      if (!(error instanceof JudgeFailure)) throw error;
      this.counts.lastFailure = error.message;
      return null;
    }
  }

  #askHardened(asked: Asked, answer: string, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#askBound((withSchema) => judgeRequestHardened(answer, asked, withSchema), signal);
  }

  /** Asks for a verdict bound to a schema, and in words once the server has refused one. */
  async #askBound(request: (withSchema: boolean) => JudgeRequest, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#schema) {
      try {
        return await this.#read(request(true), signal);
      } catch (error) {
        if (!(error instanceof JudgeFailure) || error.kind !== "bad_request") throw error;
        // The server knows no schema, or does not want the question at all: then it says so again.
        const right = await this.#read(request(false), signal);
        this.#schema = false;
        return right;
      }
    }
    return this.#read(request(false), signal);
  }

  async #read(request: JudgeRequest, signal: AbortSignal | undefined): Promise<boolean> {
    const key = await cacheKey([this.connection.address.base, await this.#model(signal), request]);
    const kept = await this.#cache.get(key).catch(() => null);
    const reply = kept ?? (await this.#ask(request, signal));
    const right = verdictInText(reply);
    if (right === null)
      throw new JudgeFailure(
        "unparsable",
        `Expected a verdict of 0 or 1 from the judge, found ${excerpt(reply)}; choose a judge that keeps to the form`,
      );
    if (kept !== null) this.counts.fromCache++;
    else await this.#cache.put(key, reply).catch(() => {});
    return right;
  }

  async #model(signal: AbortSignal | undefined): Promise<string> {
    if (this.#refused !== null) throw this.#refused;
    try {
      return await this.connection.model(signal);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  async #faithful(judge: FaithfulJudge, asked: Asked, signal: AbortSignal | undefined): Promise<Verdict> {
    const answer = asked.response === undefined ? asked.answer : judge.answerIn(asked.response);
    if (answer === null) return this.#byRule({ right: false, rule: "no answer" });
    const unasked = judge.wrongUnasked(answer);
    if (unasked !== null) return this.#byRule({ right: false, rule: unasked });
    if (judge.rulesFirst) {
      const ruled = decideByRules(answer, { answer: asked.goldAnswer, question: asked.question, source: asked.source });
      if (ruled?.right) return this.#byRule(ruled);
    }
    const { right, said } = await this.#askFaithful(judge, asked, answer, signal);
    if (judge.longIsWrong && length(answer) >= 1000) {
      this.#byJudge(right);
      return { right: false, rule: "too long" };
    }
    return said ? this.#byJudge(right) : { ...this.#byJudge(right), rule: `${this.name}, no clear word` };
  }

  async #askFaithful(
    judge: FaithfulJudge,
    asked: Asked,
    answer: string,
    signal: AbortSignal | undefined,
  ): Promise<{ right: boolean; said: boolean }> {
    const { messages, temperature, extra } = judge.request(answer, asked);
    for (let tried = 0; tried < judge.tries; tried++) {
      // Not kept: the originals draw a new reply each time.
      const request = { messages, temperature, extra: { seed: drawnSeed(this.#random), ...extra } };
      const right = judge.verdict(await this.#askFully(request, judge, signal));
      if (right !== null) return { right, said: true };
    }
    return { right: false, said: false };
  }

  /** The reply; one that was cut off counts where all that the original asks for had been said (max_tokens 1, say). */
  async #askFully(request: JudgeRequest, judge: FaithfulJudge, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await this.#ask(request, signal);
    } catch (error) {
      const said = error instanceof JudgeFailure && error.kind === "cut_off" ? error.said : null;
      if (said === null || !judge.wholeReply.test(said.trim())) throw error;
      return said;
    }
  }

  /** @throws JudgeFailure, and the same again without asking once the judge has refused all questions */
  async #ask(request: JudgeRequest, signal: AbortSignal | undefined): Promise<string> {
    if (this.#refused !== null) throw this.#refused;
    try {
      return await this.connection.complete(request, signal);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** The error, kept where no further question can be answered. */
  #noted(error: unknown): unknown {
    if (error instanceof JudgeFailure && error.isHopeless) {
      this.#refused = error;
      this.counts.unusable = error.message;
    }
    return error;
  }

  #byRule(verdict: Verdict): Verdict {
    this.counts.byRule++;
    return verdict;
  }

  #byJudge(right: boolean): Verdict {
    this.counts.byJudge++;
    if (right) this.counts.approved++;
    return { right, rule: `judge ${this.name}` };
  }
}
