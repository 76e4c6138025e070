import type { Rollout } from "../agent/rollout.ts";

type Written = Pick<Rollout, "segments"> & Partial<Pick<Rollout, "continues" | "continuedAt">>;

/** A range of tokens, counted through all segments of a rollout from 0. */
export type TokenRange = readonly [from: number, to: number];

export const allTokens: TokenRange = [0, Number.POSITIVE_INFINITY];

/**
 * Where the model's own tokens enter the loss: everywhere, but of a continuation only what it was sampled, and of a rollout that
 * others continue only what stands before these (AXPO, eq. 5): each token that was sampled once is trained once.
 */
export const trainedRange = ({ continues, continuedAt }: Omit<Written, "segments">): TokenRange =>
  continues ? [continues.token, Number.POSITIVE_INFINITY] : [0, continuedAt ?? Number.POSITIVE_INFINITY];

/** The number of tokens that the model wrote within a range. */
export function modelTokens({ segments }: Pick<Rollout, "segments">, [from, to]: TokenRange = allTokens): number {
  let at = 0;
  let count = 0;
  for (const { source, tokens } of segments) {
    if (source === "model") count += Math.max(0, Math.min(at + tokens.length, to) - Math.max(at, from));
    at += tokens.length;
  }
  return count;
}

/** The number of a rollout's tokens that enter the loss. */
export const trainedTokens = (rollout: Written): number => modelTokens(rollout, trainedRange(rollout));

/** For each token that the model wrote, in order, whether it enters the loss; null where all do. */
export function areTrained(rollout: Written): boolean[] | null {
  const [from, to] = trainedRange(rollout);
  if (from === 0 && to === Number.POSITIVE_INFINITY) return null;
  let at = 0;
  return rollout.segments.flatMap(({ source, tokens }) => {
    const first = at;
    at += tokens.length;
    return source === "model" ? tokens.map((_, i) => first + i >= from && first + i < to) : [];
  });
}
