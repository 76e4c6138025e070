/** How far a model is read, e.g. "loading the model: 34 % of 7.51 GB". */
export const loadingLine = (doneBytes: number, ofBytes: number): string => {
  const share = ofBytes === 0 ? 100 : Math.floor((100 * doneBytes) / ofBytes);
  const size = ofBytes >= 1e8 ? `${(ofBytes / 1e9).toFixed(2)} GB` : `${(ofBytes / 1e6).toFixed(1)} MB`;
  return `loading the model: ${share} % of ${size}`;
};
