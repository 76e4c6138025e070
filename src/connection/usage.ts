/** Tokens of requests, as the server counts them, and what they cost. */
export interface TokenUse {
  /** Answers that said how many tokens they took. */
  counted: number;
  promptTokens: number;
  /** Thoughts included, where the server charges for them. */
  replyTokens: number;
  /** By the prices that were given, else as the server says; in whatever currency those are. */
  cost: number;
}

/** What a million tokens cost; 0 and 0: not known. */
export interface TokenPrices {
  prompt: number;
  reply: number;
}

export const noUse = (): TokenUse => ({ counted: 0, promptTokens: 0, replyTokens: 0, cost: 0 });

/** Adds what one answer says of its tokens; most servers say it, and one that does not is not counted. */
export function addUse(use: TokenUse, answer: unknown, prices: TokenPrices): void {
  const { usage } = (answer ?? {}) as { usage?: unknown };
  if (typeof usage !== "object" || usage === null) return;
  const { prompt_tokens, completion_tokens, cost } = usage as Record<string, unknown>;
  if (!isCount(prompt_tokens)) return;
  const reply = isCount(completion_tokens) ? completion_tokens : 0;
  use.counted++;
  use.promptTokens += prompt_tokens;
  use.replyTokens += reply;
  const isPriced = prices.prompt > 0 || prices.reply > 0;
  // OpenRouter's own field.
  const said = typeof cost === "number" && cost > 0 && cost < mostCost ? cost : 0;
  use.cost += isPriced ? (prompt_tokens * prices.prompt + reply * prices.reply) / 1e6 : said;
}

/** More than this of one answer is nothing that a server means. */
const mostTokens = 1e9;
const mostCost = 1e6;

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= mostTokens;
