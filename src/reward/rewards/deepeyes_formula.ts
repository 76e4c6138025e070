/** The parts of DeepEyes' reward, each weighted. */
export interface DeepEyesParts {
  answer: number;
  format: number;
  zoom: number;
}

/** What DeepEyes and verl's recipe pay for a right answer, charge for broken format, and add for a zoom. */
export const originalWeights: Readonly<DeepEyesParts> = { answer: 0.8, format: 0.2, zoom: 1.2 };

/** The formula of DeepEyes: what counts as right, well-formed and earned is what its versions differ in. */
export const deepEyesParts = (
  { right, wellFormed, earned }: { right: boolean; wellFormed: boolean; earned: boolean },
  weights: Readonly<DeepEyesParts>,
): DeepEyesParts => ({
  answer: right ? weights.answer : 0,
  format: wellFormed ? 0 : 0 - weights.format,
  zoom: earned ? weights.zoom : 0,
});

/** The sum in the order in which the parts are declared: another order has other last bits. */
export const sumOfDeepEyes = ({ answer, format, zoom }: DeepEyesParts): number => answer + format + zoom;
