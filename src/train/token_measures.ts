import type { UpdateSettings } from "./learner.ts";

/** A token and its probability at one place. */
export interface Likelihood {
  token: number;
  probability: number;
}

/** Log-probabilities of one row of logits, in double precision; -Infinity for what may not be sampled. */
export function logSoftmax(
  logits: Float32Array,
  { temperature, suppressed }: Pick<UpdateSettings, "temperature" | "suppressed">,
): Float64Array {
  const scaled = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) scaled[id] = logits[id]! / temperature;
  for (const id of suppressed) scaled[id] = Number.NEGATIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < scaled.length; id++) if (scaled[id]! > highest) highest = scaled[id]!;
  let sum = 0;
  for (let id = 0; id < scaled.length; id++) sum += Math.exp(scaled[id]! - highest);
  const shift = highest + Math.log(sum);
  for (let id = 0; id < scaled.length; id++) scaled[id]! -= shift;
  return scaled;
}

/** The `count` likeliest tokens, likeliest first, those of lower ids before others, and one token behind them where it is not among them. */
export function likeliest(logs: Float64Array, token: number, count: number): Likelihood[] {
  const top: number[] = [];
  for (let id = 0; id < logs.length; id++) {
    const log = logs[id]!;
    if (log === Number.NEGATIVE_INFINITY || (top.length === count && log <= logs[top[count - 1]!]!)) continue;
    let at = top.length;
    while (at > 0 && logs[top[at - 1]!]! < log) at--;
    top.splice(at, 0, id);
    if (top.length > count) top.pop();
  }
  return (top.includes(token) ? top : [...top, token]).map((id) => ({ token: id, probability: Math.exp(logs[id]!) }));
}

/**
 * Of a distribution p and one token: |e - p|, where e is 1 at the token, and KL(p, q) = sum of p (log p - log q) in nats; 0 without
 * another distribution q. Both leave out the same tokens.
 */
export function measuresOf(
  logs: Float64Array,
  token: number,
  others: Float64Array | null,
): { spread: number; kl: number } {
  let squares = 0;
  let kl = 0;
  for (let id = 0; id < logs.length; id++) {
    const p = Math.exp(logs[id]!);
    squares += (id === token ? 1 - p : p) ** 2;
    if (others && p > 0) kl += p * (logs[id]! - others[id]!);
  }
  // Of two that differ by rounding the sum may end below 0.
  return { spread: Math.sqrt(squares), kl: Math.max(0, kl) };
}
