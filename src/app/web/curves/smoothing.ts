/**
 * An exponential moving average whose weights sum to 1 from the first value on, as TensorBoard draws it: a value counts
 * 1 / `weight` times as much as the one before it. Steps without a value (NaN) stay without one and do not count.
 * @param weight  0 (nothing is smoothed) to below 1
 */
export function smoothed(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (Number.isNaN(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
}
