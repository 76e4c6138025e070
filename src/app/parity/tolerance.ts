/** How an error is measured, and how much of it passes. */
export type Tolerance =
  | { measure: "abs"; limit: number }
  | { measure: "rel"; limit: number }
  | { measure: "norm"; limit: number }
  | { measure: "exact"; limit: 0 };

/** Those of the format, for a case that names none. */
const defaults: Readonly<Record<string, Tolerance>> = {
  pixel_values: { measure: "abs", limit: 1e-5 },
  image_embeds: { measure: "rel", limit: 1e-4 },
  deepstack: { measure: "rel", limit: 1e-4 },
  position_ids: { measure: "exact", limit: 0 },
  rope_delta: { measure: "exact", limit: 0 },
  log_probs: { measure: "abs", limit: 1e-4 },
  entropies: { measure: "abs", limit: 1e-4 },
  hidden: { measure: "rel", limit: 1e-4 },
  loss: { measure: "abs", limit: 1e-4 },
  grad: { measure: "norm", limit: 1e-3 },
  "greedy.ids": { measure: "exact", limit: 0 },
  "greedy.log_probs": { measure: "abs", limit: 1e-4 },
  advantages: { measure: "abs", limit: 1e-5 },
  "grpo.loss": { measure: "abs", limit: 1e-4 },
  metrics: { measure: "abs", limit: 1e-4 },
  grad_norm: { measure: "rel", limit: 1e-3 },
  grad_norms: { measure: "norm", limit: 1e-3 },
  delta: { measure: "norm", limit: 1e-3 },
  warm_delta: { measure: "norm", limit: 2e-3 },
  // Not in a case: states between layers are only there to find where an error begins.
  trace: { measure: "rel", limit: 1e-4 },
};

/** The tolerance that `case.json` gives for a quantity, or the format's. */
export function toleranceOf(quantity: string, given: Readonly<Record<string, Record<string, unknown>>>): Tolerance {
  const entry = given[quantity];
  for (const measure of ["abs", "rel", "norm"] as const) {
    const limit = entry?.[measure];
    if (typeof limit === "number") return { measure, limit };
  }
  return defaults[quantity]!;
}

/** max |got - want|; infinite where lengths differ, NaN where anything is. */
export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!);
    // Not Math.max: a NaN, once found, stays.
    if (!(difference <= worst)) worst = difference;
    if (Number.isNaN(worst)) break;
  }
  return worst;
}

/** max |got - want| / max |want| */
export function relativeDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(want[i]!));
  const difference = largestDifference(got, want);
  return difference === 0 ? 0 : difference / largest;
}

export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** |got - want| / max(|want|, floor), Euclidean norms. */
export function normDifference(got: ArrayLike<number>, want: ArrayLike<number>, floor: number): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  const difference = norm(Float64Array.from(want, (value, i) => got[i]! - value));
  return difference === 0 ? 0 : difference / Math.max(norm(want), floor);
}
