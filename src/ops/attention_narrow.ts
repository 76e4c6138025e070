/*
 * Heads of 32 numbers over few keys, as small models have them: more workgroups with less memory each than those for larger heads, and
 * the same bits. Sizes are those that were fastest on an H200 (LOG.md).
 */

/** Size of the heads that attention_forward_narrow.wgsl and attention_backward_narrow.wgsl are for. */
export const narrowHead = 32;

/** Pairs of a row and a head in a workgroup of attention_forward_narrow.wgsl, and its other constants. */
export const narrowForwardSizes = (() => {
  const PAIRS = 32;
  const THREADS = 4 * PAIRS;
  return { PAIRS, THREADS, TWOS: PAIRS / 2, TWOS_PITCH: PAIRS / 2 + 1, LOADS: 512 / THREADS };
})();

/** Keys or pairs (OWN) in a workgroup of attention_backward_narrow.wgsl, and its other constants. */
export const narrowBackwardSizes = (() => {
  const OWN = 16;
  const THREADS = 64;
  const ROWS = (OWN * 8) / THREADS;
  return {
    OWN,
    THREADS,
    HALF: THREADS / 2,
    ROWS,
    ROW_TWOS: ROWS / 2,
    TWOS_PITCH: OWN / 2 + 2,
    EIGHTS: OWN / 8,
    OWN_LOADS: ROWS,
    LOADS: 256 / THREADS,
    KEY_TWOS: ROWS,
    KEY_SUMS: 2 * ROWS,
    QUERY_TWOS: ROWS / 2,
    QUERY_SUMS: ROWS,
  };
})();
