import { ServerFailure } from "../../connection/failure.ts";
import { type ConnectionParts, noCalls, ServerConnection } from "../../connection/server_connection.ts";
import { length } from "../../policy/python_text.ts";
import { masterKeys, refusal } from "../guard/answer_guard.ts";
import { cleanText } from "../guard/clean_text.ts";
import { decideByRules, judgeByRules, type Verdict } from "../rules/rules.ts";
import { type JudgeCounts, noCounts } from "./counts.ts";
import { consistencyRequest, judgeRequestHardened } from "./hardened_prompt.ts";
import type { AnswerJudge, Asked, JudgeDefinition, JudgeSettings } from "./judge.ts";
import { ModelQuestions, type OnExchange } from "./model_questions.ts";
import { askOriginal } from "./original_judge.ts";
import { judgeNamed } from "./table.ts";
import { memoryCache, type VerdictCache } from "./verdict_cache.ts";
import { isSplit, namedModels, type Voted, vote, votingModels } from "./votes.ts";

/** The rules alone: what no rule decides is wrong. */
export function rulesJudge(): AnswerJudge {
  const counts = noCounts(noCalls());
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

/** A judge of the table that asks a model: its rules and refusals, its questions, its counts. */
export class RemoteJudge implements AnswerJudge {
  readonly name: string;
  readonly connection: ServerConnection;
  readonly counts: JudgeCounts;
  readonly #definition: JudgeDefinition;
  /** One, or several that vote. */
  readonly #voters: ModelQuestions[];
  readonly #random: () => number;
  readonly #canaryRate: number;
  #questions = 0;

  constructor(
    { judge = "hardened", canaryRate = 0.02, votes = 1, ...settings }: Partial<JudgeSettings> & { url: string },
    { cache = memoryCache(), ...parts }: Partial<ConnectionParts & { cache: VerdictCache }>,
  ) {
    this.#definition = judgeNamed(judge);
    if (this.#definition.way === "rules") throw new Error(`Expected a judge that asks a model, found ${judge}`);
    this.name = judge;
    const models = namedModels(settings.model ?? "");
    this.connection = new ServerConnection({ ...settings, model: models[0] ?? "" }, parts);
    this.counts = noCounts(this.connection.counts);
    this.#voters = votingModels(models, votes).map(
      (asked) => new ModelQuestions(this.connection, this.counts, { cache, asked }),
    );
    this.#random = parts.random ?? Math.random;
    this.#canaryRate = canaryRate;
  }

  async verdict(
    asked: Asked,
    signal?: AbortSignal,
    failed?: (why: string) => void,
    onExchange?: OnExchange,
  ): Promise<Verdict | null> {
    this.counts.asked++;
    try {
      return await (this.#definition.asks
        ? this.#asOriginal(asked, signal, onExchange)
        : this.#guarded(asked, signal, onExchange));
    } catch (error) {
      if (!(error instanceof ServerFailure)) throw error;
      this.counts.failed++;
      this.counts.failures[error.kind] = (this.counts.failures[error.kind] ?? 0) + 1;
      // A question that was aborted by a stop says nothing about the judge.
      if (error.kind !== "aborted") this.counts.lastFailure = error.message;
      failed?.(error.message);
      return null;
    }
  }

  /**
   * What the model alone says, without rules and refusals before it: for canaries and audits.
   * @throws ServerFailure
   */
  async verdictUnguarded(asked: Asked & { answer: string }, signal?: AbortSignal): Promise<boolean> {
    const original = this.#definition.asks?.(asked.dataSource ?? "");
    if (!original) return (await this.#askModel(asked, asked.answer, signal)).right;
    const { right } = await vote(this.#voters, (voter) =>
      askOriginal(original, asked, asked.answer, this.#asking(voter, signal)),
    );
    return right;
  }

  /** Null where the model gave no verdict. Of several the first is asked. */
  async consistent(thought: string, answer: string, signal?: AbortSignal): Promise<boolean | null> {
    try {
      return (
        (await this.#voters[0]?.verdict((withSchema) => consistencyRequest(thought, answer, withSchema), signal)) ??
        null
      );
    } catch (error) {
      if (!(error instanceof ServerFailure)) throw error;
      this.counts.lastFailure = error.message;
      return null;
    }
  }

  async #guarded(asked: Asked, signal: AbortSignal | undefined, onExchange?: OnExchange): Promise<Verdict> {
    const { answer, goldAnswer, question, source } = asked;
    const ruled = decideByRules(answer, { answer: goldAnswer, question, source });
    if (answer === null) return this.#byRule(ruled ?? { right: false, rule: "no answer" });
    // Only an identical text is right before tricks are looked for.
    if (ruled?.rule === "exact" || ruled?.rule === "case") return this.#byRule(ruled);
    // The guard checks exactly the text that is sent.
    const clean = cleanText(answer);
    const refused = refusal(clean, goldAnswer, question);
    if (refused !== null) {
      this.counts.refused++;
      return { right: false, rule: `refused: ${refused}` };
    }
    if (ruled !== null) return this.#byRule(ruled);
    const canary = this.#canary(asked, signal);
    const [voted] = await Promise.all([this.#askModel(asked, clean, signal, onExchange), canary]);
    return this.#byModel(voted);
  }

  /** With the first question and at a fixed interval after it, not at random: two runs of one seed ask the same. */
  async #canary(asked: Asked, signal: AbortSignal | undefined): Promise<void> {
    const before = Math.ceil(this.#questions * this.#canaryRate);
    if (Math.ceil(++this.#questions * this.#canaryRate) === before) return;
    const key = masterKeys[this.counts.canaries++ % masterKeys.length] ?? "";
    try {
      const { right } = await this.#askModel(asked, key, signal);
      if (right) this.counts.canariesApproved++;
    } catch (error) {
      // A canary belongs to no rollout; the connection has counted the failure.
      if (!(error instanceof ServerFailure)) throw error;
      this.counts.canaries--;
    }
  }

  #askModel(asked: Asked, answer: string, signal: AbortSignal | undefined, onExchange?: OnExchange): Promise<Voted> {
    const request = (withSchema: boolean) => judgeRequestHardened(answer, asked, withSchema);
    return vote(
      this.#voters,
      async (voter, report) => ({ right: await voter.verdict(request, signal, report), clear: true }),
      onExchange,
    );
  }

  async #asOriginal(asked: Asked, signal: AbortSignal | undefined, onExchange?: OnExchange): Promise<Verdict> {
    const original = this.#definition.asks?.(asked.dataSource ?? "");
    if (!original) throw new Error(`Expected the judge ${this.name} to say how it asks`);
    const answer = asked.response === undefined ? asked.answer : original.answerIn(asked.response);
    if (answer === null) return this.#byRule({ right: false, rule: "no answer" });
    const unasked = original.wrongUnasked(answer);
    if (unasked !== null) return this.#byRule({ right: false, rule: unasked });
    if (original.rulesFirst) {
      const ruled = decideByRules(answer, { answer: asked.goldAnswer, question: asked.question, source: asked.source });
      if (ruled?.right) return this.#byRule(ruled);
    }
    const voted = await vote(
      this.#voters,
      (voter, report) => askOriginal(original, asked, answer, this.#asking(voter, signal, report)),
      onExchange,
    );
    const verdict = this.#byModel(voted);
    if (original.longIsWrong && length(answer) >= 1000) return { right: false, rule: "too long" };
    return voted.clear ? verdict : { ...verdict, rule: `${this.name}, no clear word` };
  }

  #asking(
    voter: ModelQuestions,
    signal: AbortSignal | undefined,
    onExchange?: OnExchange,
  ): Parameters<typeof askOriginal>[3] {
    return { random: this.#random, ask: (request) => voter.ask(request, signal, onExchange) };
  }

  #byRule(verdict: Verdict): Verdict {
    this.counts.byRule++;
    return verdict;
  }

  #byModel({ right, votes }: Voted): Verdict {
    this.counts.byJudge++;
    if (right) this.counts.approved++;
    if (votes) this.counts.voted++;
    if (votes && isSplit(votes)) this.counts.split++;
    return { right, rule: `judge ${this.name}`, ...(votes && { votes }) };
  }
}
