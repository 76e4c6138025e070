import type { Diagnosis } from "../../reward/connection/diagnosis.ts";
import type { Audit } from "../../reward/judges/audit.ts";
import type { JudgeCounts } from "../../reward/judges/counts.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { RejudgedStep } from "../judge/rejudge.ts";

/** How far a long task is, and its result once it is over. */
export interface TaskProgress<Progress, Result> {
  progress: Progress;
  /** Null until it is over. */
  result: Result | null;
}

/** What an audit found, and what it cost. */
export interface AuditReport {
  judge: string;
  audit: Audit;
  counts: JudgeCounts;
}

/** Verdicts so far, of all. */
export interface AuditProgress {
  done: number;
  of: number;
}

/** The next steps of a stored run under another judge. */
export interface RejudgedPart {
  /** Its name, "stored" where none was asked. */
  judge: string;
  steps: RejudgedStep[];
  /** What the judge did so far, null where none was asked. */
  counts: JudgeCounts | null;
  over: boolean;
}

/** What of a stored run is kept when it is judged again. */
export interface RejudgeOptions {
  /** Its verdicts: then no judge is asked, and only the reward may be another. */
  verdicts: "stored" | "anew";
  /** Whose weights the reward has: the run's own, or those of the configuration that is given. */
  weights: "own" | "given";
}

/** What a page may ask about judges. Works without a GPU and beside a run. Every method rejects with one sentence. */
export interface JudgeApi {
  /** Keeps the key of one origin until the page closes; null forgets it. It is sent to that origin alone and never given back. */
  setKey(key: string | null, origin: string): Promise<void>;
  /** Asks the judge of the configuration for its models and one verdict. */
  test(config: RunConfig): Promise<Diagnosis>;
  /** Begins to ask it about answers that are known to be right or wrong; `nextAudit` reports how far it is. */
  startAudit(config: RunConfig): Promise<void>;
  nextAudit(): Promise<TaskProgress<AuditProgress, AuditReport>>;
  stopAudit(): Promise<void>;
  /**
   * Begins to judge the rollouts of a stored run again, by the judge and reward of `config`. The run is left as it is.
   * `nextRejudged` gives the steps.
   */
  startRejudge(name: string, config: RunConfig, how: RejudgeOptions): Promise<void>;
  nextRejudged(): Promise<RejudgedPart>;
  stopRejudge(): Promise<void>;
}
