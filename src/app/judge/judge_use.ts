import type { Metrics } from "../../train/events.ts";

/** What a run asked of its judge, over its steps. */
export interface JudgeUse {
  requests: number;
  /** Null where its server does not say. */
  tokens: { prompt: number; reply: number } | null;
  /** 0 where no price is known. */
  cost: number;
  /** Mean over steps of the share of answers on which votes differed; null where one voter decides. */
  disagreement: number | null;
}

/** Null where no model was asked. @param steps  metrics of each */
export function judgeUse(steps: readonly Metrics[]): JudgeUse | null {
  const column = (name: string): number[] =>
    steps.flatMap(({ [name]: value }) => (Number.isFinite(value) ? [value!] : []));
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const requests = sum(column("judge/calls"));
  if (requests === 0) return null;
  const prompt = column("judge/prompt_tokens");
  const split = column("judge/disagreement");
  return {
    requests,
    tokens: prompt.length === 0 ? null : { prompt: sum(prompt), reply: sum(column("judge/reply_tokens")) },
    cost: sum(column("judge/cost")),
    disagreement: split.length === 0 ? null : sum(split) / split.length,
  };
}

/** e.g. "1,204 requests, 512,000 + 6,020 tokens, cost 0.134, votes differ on 3.1 % of the answers" */
export function judgeUseText({ requests, tokens, cost, disagreement }: JudgeUse): string {
  const number = (value: number) => value.toLocaleString("en");
  return [
    `${number(requests)} ${requests === 1 ? "request" : "requests"}`,
    tokens ? `${number(tokens.prompt)} + ${number(tokens.reply)} tokens` : "tokens not said by its server",
    ...(cost > 0 ? [`cost ${Number(cost.toPrecision(3))}`] : []),
    ...(disagreement === null ? [] : [`votes differ on ${(100 * disagreement).toFixed(1)} % of the answers`]),
  ].join(", ");
}
