/** Whether the learner sees: its loss on what the model wrote, with the pictures and with grey in place of all of them. */
export interface Sight {
  /** Tokens that the model wrote. */
  tokens: number;
  /** Mean negative log-probability of one, in nats. */
  loss: number;
  blankLoss: number;
}

/** Several parts of one step or evaluation as one; null of none. */
export function joinedSight(parts: readonly Sight[]): Sight | null {
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  if (tokens === 0) return null;
  const mean = (of: (part: Sight) => number) => parts.reduce((sum, part) => sum + of(part) * part.tokens, 0) / tokens;
  return { tokens, loss: mean(({ loss }) => loss), blankLoss: mean(({ blankLoss }) => blankLoss) };
}
