import { ServerFailure } from "../../connection/failure.ts";
import { auditSet } from "./audit_set.ts";
import type { RemoteJudge } from "./remote_judge.ts";

/** How a judge decided on answers that are known to be right or wrong. */
export interface AuditRates {
  right: number;
  wrong: number;
  /** Wrong answers that were approved. */
  falsePositives: number;
  /** Right answers that were turned down. */
  falseNegatives: number;
  /** Without a verdict; in neither of the two. */
  failed: number;
  /** Share of wrong answers with a verdict that were approved, null where there was none. */
  falsePositiveRate: number | null;
  falseNegativeRate: number | null;
}

export interface AuditMistake {
  question: string;
  goldAnswer: string;
  answer: string;
  /** What it should have been. */
  right: boolean;
  by: string;
}

export interface Audit {
  /** With the judge's rules and refusals, as a run would have it. */
  whole: AuditRates;
  /** The model alone: how much the rules and the guard have to keep from it. */
  alone: AuditRates;
  mistakes: AuditMistake[];
  lastFailure: string | null;
}

/** Asks a judge about every case of the audit set, twice: as a run would, and the model alone, without rules and guard. */
export async function audit(judge: RemoteJudge, signal?: AbortSignal, cases = auditSet): Promise<Audit> {
  const mistakes: AuditMistake[] = [];
  let lastFailure: string | null = null;
  const whole = tally();
  const alone = tally();
  await Promise.all(
    cases.map(async ({ question, goldAnswer, answer, right }) => {
      const asked = { question, goldAnswer, answer, source: "audit" };
      const verdict = await judge.verdict(asked, signal);
      whole.add(right, verdict?.right ?? null);
      if (verdict === null) lastFailure = judge.counts.lastFailure;
      else if (verdict.right !== right) mistakes.push({ question, goldAnswer, answer, right, by: verdict.rule });
      try {
        alone.add(right, await judge.verdictUnguarded(asked, signal));
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        alone.add(right, null);
        lastFailure = error.message;
      }
    }),
  );
  return { whole: whole.rates(), alone: alone.rates(), mistakes, lastFailure };
}

function tally() {
  const of = { right: { all: 0, off: 0 }, wrong: { all: 0, off: 0 } };
  let failed = 0;
  return {
    add(isRight: boolean, verdict: boolean | null): void {
      if (verdict === null) {
        failed++;
        return;
      }
      const side = of[isRight ? "right" : "wrong"];
      side.all++;
      if (verdict !== isRight) side.off++;
    },
    rates(): AuditRates {
      const rate = ({ all, off }: { all: number; off: number }) => (all === 0 ? null : off / all);
      return {
        right: of.right.all,
        wrong: of.wrong.all,
        falsePositives: of.wrong.off,
        falseNegatives: of.right.off,
        failed,
        falsePositiveRate: rate(of.wrong),
        falseNegativeRate: rate(of.right),
      };
    },
  };
}
