import type { FailureKind } from "../../connection/failure.ts";
import type { ConnectionCounts } from "../../connection/server_connection.ts";

/** What a judge did so far, for metrics and alarms. */
export interface JudgeCounts {
  /** Verdicts asked for. */
  asked: number;
  byRule: number;
  /** Answers that were not sent to the judge, since they try to influence it. */
  refused: number;
  byJudge: number;
  /** Those of `byJudge` that were right. */
  approved: number;
  /** Those of `byJudge` on which several voted, and on which the votes differed. */
  voted: number;
  split: number;
  fromCache: number;
  /** Verdicts that could not be had; their rewards are null. */
  failed: number;
  /** By the failure that ended the last try. */
  failures: Partial<Record<FailureKind, number>>;
  /** Why the last of them failed. */
  lastFailure: string | null;
  /** Why no question can be answered any more: the key, the address or the model is refused. No question is sent then. */
  unusable: string | null;
  /** Known-wrong answers that were asked about as a test, and those of them that were approved. */
  canaries: number;
  canariesApproved: number;
  connection: ConnectionCounts;
}

/** A judge that has done nothing yet. */
export const noCounts = (connection: ConnectionCounts): JudgeCounts => ({
  asked: 0,
  byRule: 0,
  refused: 0,
  byJudge: 0,
  approved: 0,
  voted: 0,
  split: 0,
  fromCache: 0,
  failed: 0,
  failures: {},
  lastFailure: null,
  unusable: null,
  canaries: 0,
  canariesApproved: 0,
  connection,
});
