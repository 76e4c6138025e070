import { decideByRules } from "../../reward/rules/rules.ts";
import { type Outcome, same } from "./outcome.ts";

/** An answer that rules must take, turn down, or leave to a judge (`want` null). */
export interface RuleCase {
  id: string;
  answer: string;
  gold: string;
  question?: string;
  want: boolean | null;
}

export function* rule({ id, answer, gold, question = "", want }: RuleCase): Generator<Outcome> {
  const verdict = decideByRules(answer, { answer: gold, question, source: "rule" });
  yield same("verdict of the rules", id, verdict?.right ?? null, want);
}
