import type { JudgeCounts } from "./counts.ts";

/** Fewer verdicts than this say nothing about a judge. */
const enoughVerdicts = 64;

/** What a judge did since `before` (from the beginning where it is null), under the names that curves and logs use. */
export function judgeMetrics(counts: JudgeCounts, before: JudgeCounts | null = null): Record<string, number> {
  const since = (
    name:
      | "asked"
      | "byRule"
      | "refused"
      | "byJudge"
      | "approved"
      | "voted"
      | "split"
      | "fromCache"
      | "failed"
      | "canaries"
      | "canariesApproved",
  ) => counts[name] - (before?.[name] ?? 0);
  const calls = counts.connection.calls - (before?.connection.calls ?? 0);
  const metrics: Record<string, number> = {
    "judge/asked": since("asked"),
    "judge/by_rule": since("byRule"),
    "judge/refused": since("refused"),
    "judge/failed": since("failed"),
    "judge/calls": calls,
    "judge/retries": counts.connection.retries - (before?.connection.retries ?? 0),
    "judge/from_cache": since("fromCache"),
    "judge/canaries": since("canaries"),
    "judge/canaries_approved": since("canariesApproved"),
  };
  // A mean over nothing is left out, as in every other metric.
  if (since("byJudge") > 0) metrics["judge/approval"] = since("approved") / since("byJudge");
  if (since("voted") > 0) metrics["judge/disagreement"] = since("split") / since("voted");
  if (calls > 0) metrics["judge/call_s"] = (counts.connection.callMs - (before?.connection.callMs ?? 0)) / calls / 1000;
  const { tokens } = counts.connection;
  const tokensBefore = before?.connection.tokens;
  // Where the server does not say what it counts, nothing is known.
  if (tokens.counted > (tokensBefore?.counted ?? 0)) {
    metrics["judge/prompt_tokens"] = tokens.promptTokens - (tokensBefore?.promptTokens ?? 0);
    metrics["judge/reply_tokens"] = tokens.replyTokens - (tokensBefore?.replyTokens ?? 0);
    if (tokens.cost > 0) metrics["judge/cost"] = tokens.cost - (tokensBefore?.cost ?? 0);
  }
  return metrics;
}

/** A copy that later counts do not change. */
export const countsNow = (counts: JudgeCounts): JudgeCounts => structuredClone(counts);

/**
 * Problems of a judge that a person should know about early; `name` says which it is, whatever its numbers.
 * @param before what it had done when the step began; failures are reported for the first step that has one, and once more
 *   where they become the most. From the beginning where it is null.
 */
export function judgeAlarms(
  counts: JudgeCounts,
  before: JudgeCounts | null = null,
): { name: string; message: string }[] {
  const { byJudge, approved, canaries, canariesApproved, lastFailure } = counts;
  const asked = counts.asked - (before?.asked ?? 0);
  const failed = counts.failed - (before?.failed ?? 0);
  const alarms: { name: string; message: string }[] = [];
  const raise = (name: string, message: string) => alarms.push({ name, message });
  if (canariesApproved > 0)
    raise(
      "canaries",
      `The judge approves of answers that say nothing (${canariesApproved} of ${canaries} canaries); its verdicts can be had by trickery, so choose another judge`,
    );
  if (byJudge >= enoughVerdicts && approved / byJudge > 0.98)
    raise("approval", `The judge approves of everything it is asked (${approved} of ${byJudge}); check it by an audit`);
  if (failed > 0)
    raise(
      failed / asked > 0.5 ? "most failures" : "failures",
      `The judge gave no verdict for ${failed} of ${asked} answers (${Math.round((100 * failed) / asked)} %); the last time: ${lastFailure}`,
    );
  return alarms;
}
