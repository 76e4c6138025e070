/** How the losses of tokens become one; names and rules are verl's (`agg_loss`). */
export type Aggregation = "token-mean" | "seq-mean-token-mean" | "seq-mean-token-sum" | "seq-mean-token-sum-norm";

/**
 * What each token of a sequence weighs in the loss: the loss is the sum of weight times loss over all tokens.
 * @param lengths trained tokens of each sequence
 * @param paddedLength length of the padded batch; only `seq-mean-token-sum-norm` divides by it
 */
export function tokenWeights(
  lengths: readonly number[],
  mode: Aggregation,
  paddedLength = Math.max(...lengths),
): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  switch (mode) {
    case "token-mean":
      return lengths.map(() => 1 / total);
    case "seq-mean-token-mean":
      return lengths.map((length) => 1 / (lengths.length * length));
    case "seq-mean-token-sum":
      return lengths.map(() => 1 / lengths.length);
    case "seq-mean-token-sum-norm":
      return lengths.map(() => 1 / paddedLength);
  }
}
