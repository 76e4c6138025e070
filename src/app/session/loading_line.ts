/** How far a model is read, e.g. "loading the model: 34 % of 7.51 GB". */
export const loadingLine = (doneBytes: number, ofBytes: number): string => {
  const share = ofBytes === 0 ? 100 : Math.floor((100 * doneBytes) / ofBytes);
  return `loading the model: ${share} % of ${(ofBytes / 1e9).toFixed(2)} GB`;
};
