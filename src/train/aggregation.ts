/** How the losses of tokens become one; names and rules are verl's (`agg_loss`). */
export type Aggregation = "token-mean" | "seq-mean-token-mean" | "seq-mean-token-sum" | "seq-mean-token-sum-norm";

/**
 * What each token of a sequence weighs in the loss: the loss is the sum of weight times loss over all tokens.
 *
 * With `microBatch` above 0 the mode is applied to this many sequences at a time, in order, and the results are averaged.
 * That is a defect of the originals, whose actor aggregates within what one forward pass holds: with one sequence at a
 * time token-mean is seq-mean-token-mean, and a token of a long sequence weighs less than one of a short one.
 *
 * @param lengths       trained tokens of each sequence; one without any weighs nothing and is not counted
 * @param paddedLength  length of the padded batch; only `seq-mean-token-sum-norm` divides by it
 * @param microBatch    sequences to which the mode is applied at a time; 0: to all
 */
export function tokenWeights(
  lengths: readonly number[],
  mode: Aggregation,
  paddedLength = Math.max(...lengths),
  microBatch = 0,
): number[] {
  if (microBatch > 0 && microBatch < lengths.length) {
    const count = Math.ceil(lengths.length / microBatch);
    return Array.from({ length: count }, (_, i) => lengths.slice(i * microBatch, (i + 1) * microBatch)).flatMap(
      (part) => tokenWeights(part, mode, paddedLength).map((weight) => weight / count),
    );
  }
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const sequences = lengths.filter((length) => length > 0).length;
  const weight = (length: number): number => {
    switch (mode) {
      case "token-mean":
        return 1 / total;
      case "seq-mean-token-mean":
        return 1 / (sequences * length);
      case "seq-mean-token-sum":
        return 1 / sequences;
      case "seq-mean-token-sum-norm":
        return 1 / paddedLength;
    }
  };
  return lengths.map((length) => (length > 0 ? weight(length) : 0));
}
