import { openJudge } from "../../reward/judges/remote_judge.ts";
import { type Outcome, same } from "./outcome.ts";

/** An answer before the hardened judge: kept from the judge's model, or not. */
export interface JudgeGuardCase {
  id: string;
  question: string;
  gold: string;
  answer?: string;
  /** In place of `answer`: a text repeated this many times. */
  repeat?: [text: string, times: number];
  want: "refused" | "decided by rule or asked";
}

/** Whether the guard refuses an answer before a server that approves of everything is asked. */
export async function judgeGuard({ id, question, gold, answer, repeat, want }: JudgeGuardCase): Promise<Outcome[]> {
  const judge = openJudge(
    { url: "http://127.0.0.1:9/v1", model: "guard", judge: "hardened", retries: 0, canaryRate: 0 },
    { fetch: async () => new Response('{"choices":[{"message":{"content":"{\\"verdict\\": 1}"}}]}') },
  );
  const given = repeat ? repeat[0].repeat(repeat[1]) : answer!;
  const verdict = await judge.verdict({ question, goldAnswer: gold, answer: given, source: "guard" });
  const found =
    judge.counts.refused > 0 ? "refused" : verdict === null ? judge.counts.lastFailure : "decided by rule or asked";
  const outcome = same("judge's guard", id, found, want);
  const shown = JSON.stringify(given.length > 80 ? `${given.slice(0, 80)}...` : given);
  return [outcome.passed ? outcome : { ...outcome, detail: `${outcome.detail}: ${shown} (${verdict?.rule})` }];
}
