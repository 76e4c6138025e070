import { readServerAddress } from "../../../connection/address.ts";
import type { ConnectionParts } from "../../../connection/server_connection.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import { type Diagnosis, type PageFacts, testConnection } from "../../../reward/connection/diagnosis.ts";
import { audit } from "../../../reward/judges/audit.ts";
import { auditSet } from "../../../reward/judges/audit_set.ts";
import type { AnswerJudge, Asked, JudgeSettings } from "../../../reward/judges/judge.ts";
import { countsNow } from "../../../reward/judges/metrics.ts";
import { RemoteJudge, rulesJudge } from "../../../reward/judges/remote_judge.ts";
import type { VerdictCache } from "../../../reward/judges/verdict_cache.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { judgeSettingsOf } from "../../judge/judge_settings.ts";
import type { RejudgedStep } from "../../judge/rejudge.ts";
import type {
  AuditProgress,
  AuditReport,
  JudgeApi,
  RejudgedPart,
  RejudgeOptions,
  TaskProgress,
} from "../../worker_api/judge_api.ts";
import { LongTask } from "./long_task.ts";
import { pageFacts } from "./page_facts.ts";

/** Steps are collected until none was asked for during this time, milliseconds: a thousand steps by rules take a second. */
const reportEveryMs = 100;

export interface JudgeWorkerParts extends Partial<ConnectionParts> {
  cache?: VerdictCache;
  /** The tokenizer of a run's model, for logs without the text of responses. */
  tokenizer?: (model: string) => Promise<Tokenizer>;
  /** What the browser allows; asked of it where absent. */
  page?: PageFacts;
}

/** The worker's half of everything about judges but for judging a run under way: keys, tests, audits, judging again. */
export class JudgeWorker implements JudgeApi {
  readonly #events: (name: string) => Promise<{ events: readonly TrainEvent[] }>;
  readonly #parts: JudgeWorkerParts;
  readonly #keys = new Map<string, string>();
  #audit: LongTask<AuditProgress, AuditReport> | null = null;
  #rejudging: { steps: AsyncGenerator<RejudgedStep>; judge: AnswerJudge | null; stop: AbortController } | null = null;

  /** @param events the log of a stored run */
  constructor(events: (name: string) => Promise<{ events: readonly TrainEvent[] }>, parts: JudgeWorkerParts = {}) {
    this.#events = events;
    this.#parts = parts;
  }

  /** The key for the origin of a judge's address, null where none was entered. */
  readonly keyOf = (url: string): string | null => this.#keys.get(readServerAddress(url).origin) ?? null;

  async setKey(key: string | null, origin: string): Promise<void> {
    if (key === null || key.trim() === "") this.#keys.delete(origin);
    else this.#keys.set(origin, key);
  }

  async test(config: RunConfig): Promise<Diagnosis> {
    return testConnection(this.#settings(config), this.#parts.page ?? pageFacts(), this.#parts);
  }

  async startAudit(config: RunConfig): Promise<void> {
    this.#audit?.stop();
    const judge = new CountingJudge({ ...this.#settings(config), canaryRate: 0 }, this.#parts);
    const of = 2 * auditSet.length;
    this.#audit = new LongTask({ done: 0, of }, async (report, signal) => {
      judge.onVerdict = (done) => report({ done, of });
      return { audit: await audit(judge, signal), judge: judge.name, counts: countsNow(judge.counts) };
    });
  }

  async nextAudit(): Promise<TaskProgress<AuditProgress, AuditReport>> {
    if (!this.#audit) throw new Error("No audit is under way; start one");
    return this.#audit.next();
  }

  async stopAudit(): Promise<void> {
    this.#audit?.stop();
    this.#audit = null;
  }

  async startRejudge(name: string, config: RunConfig, { verdicts, weights }: RejudgeOptions): Promise<void> {
    await this.stopRejudge();
    const { events } = await this.#events(name);
    const judge =
      verdicts === "stored"
        ? null
        : config.judge === "rules"
          ? rulesJudge()
          : new RemoteJudge(this.#settings(config), this.#parts);
    const stop = new AbortController();
    // What it imports of training comes with the first run that is judged again.
    const { rejudge } = await import("../../judge/rejudge.ts");
    const steps = rejudge(events, {
      judge,
      settings: (own) => {
        const paying = weights === "own" ? own : config;
        return { reward: config.reward, weights: paying, failure: paying.judgeFailure, signal: stop.signal };
      },
      tokenizer: this.#parts.tokenizer,
    });
    this.#rejudging = { steps, judge, stop };
  }

  async nextRejudged(): Promise<RejudgedPart> {
    const work = this.#rejudging;
    if (!work) throw new Error("Nothing is being judged again; start it");
    const part: RejudgedPart = { judge: work.judge?.name ?? "stored", steps: [], counts: null, over: false };
    const untilMs = performance.now() + reportEveryMs;
    do {
      const next = await work.steps.next();
      // What was cut off by the person says nothing about the judge.
      if (next.done || work.stop.signal.aborted) part.over = true;
      else part.steps.push(next.value);
    } while (!part.over && performance.now() < untilMs);
    part.counts = work.judge && countsNow(work.judge.counts);
    if (part.over && this.#rejudging === work) this.#rejudging = null;
    return part;
  }

  async stopRejudge(): Promise<void> {
    this.#rejudging?.stop.abort();
    this.#rejudging = null;
  }

  #settings(config: RunConfig): JudgeSettings {
    if (config.judge === "rules") throw new Error("The rules need no server; choose another judge, such as hardened");
    if (config.judgeUrl.trim() === "")
      throw new Error("Expected the address of a judge, found none; enter one such as http://127.0.0.1:18901/v1");
    return judgeSettingsOf(config, config.judge, this.keyOf(config.judgeUrl));
  }
}

/** Counts the verdicts of a judge. */
class CountingJudge extends RemoteJudge {
  onVerdict: (done: number) => void = () => {};
  #done = 0;

  override async verdict(...asked: Parameters<RemoteJudge["verdict"]>) {
    return this.#counted(super.verdict(...asked));
  }

  override async verdictUnguarded(asked: Asked & { answer: string }, signal?: AbortSignal) {
    return this.#counted(super.verdictUnguarded(asked, signal));
  }

  #counted<T>(verdict: Promise<T>): Promise<T> {
    return verdict.finally(() => this.onVerdict(++this.#done));
  }
}
