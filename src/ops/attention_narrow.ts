/** Size of the heads that attention_forward_narrow.wgsl and attention_backward_narrow.wgsl are for. */
export const narrowHead = 32;

/** By pairs in a workgroup. */
const forwardKernels = {
  "16 pairs": 16,
  "32 pairs": 32,
} as const;

/** By keys or pairs in a workgroup, and its threads. */
const backwardKernels = {
  "16 rows, 64 threads": { OWN: 16, THREADS: 64 },
  "32 rows, 64 threads": { OWN: 32, THREADS: 64 },
  "32 rows, 128 threads": { OWN: 32, THREADS: 128 },
} as const;

export type NarrowForward = keyof typeof forwardKernels;
export type NarrowBackward = keyof typeof backwardKernels;

export const narrowForwards = Object.keys(forwardKernels) as NarrowForward[];
export const narrowBackwards = Object.keys(backwardKernels) as NarrowBackward[];

/** Which kernels heads of 32 take in tiles; all give the same bits. "tiles" are those of larger heads. */
export const ofNarrowHeads: { forward: "tiles" | NarrowForward; backward: "tiles" | NarrowBackward } = {
  forward: "tiles",
  backward: "tiles",
};

export const isNarrowForward = (kernel: string): kernel is NarrowForward => Object.hasOwn(forwardKernels, kernel);
export const isNarrowBackward = (kernel: string): kernel is NarrowBackward => Object.hasOwn(backwardKernels, kernel);

/** Constants of attention_forward_narrow.wgsl. */
export const narrowForwardSizes = (kernel: NarrowForward) => {
  const PAIRS = forwardKernels[kernel];
  const THREADS = 4 * PAIRS;
  return { PAIRS, THREADS, TWOS: PAIRS / 2, TWOS_PITCH: PAIRS / 2 + 1, LOADS: 512 / THREADS };
};

/** Constants of attention_backward_narrow.wgsl. */
export const narrowBackwardSizes = (kernel: NarrowBackward) => {
  const { OWN, THREADS } = backwardKernels[kernel];
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
};
