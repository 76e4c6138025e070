/** Largest values of any model that a device could hold, and then some: a file with more is damaged or hostile. */
export const most = {
  width: 2 ** 16,
  feedForward: 2 ** 18,
  layers: 1024,
  heads: 1024,
  headDim: 1024,
  vocabulary: 2 ** 20,
  patch: 256,
  frames: 16,
  window: 2 ** 16,
  positions: 2 ** 20,
};
