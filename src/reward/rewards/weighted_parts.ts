/** The parts of DeepEyes' reward, each weighted. */
export interface RewardParts {
  answer: number;
  format: number;
  zoom: number;
}

/** What DeepEyes and verl's recipe pay for a right answer, charge for broken format, and add for a zoom. */
export const originalWeights = { answer: 0.8, format: 0.2, zoom: 1.2 } as const;

/** The formula of DeepEyes: what counts as right, well-formed and earned is what its versions differ in. */
export const weightedParts = (
  { right, wellFormed, earned }: { right: boolean; wellFormed: boolean; earned: boolean },
  weights: Readonly<RewardParts>,
): RewardParts => ({
  answer: right ? weights.answer : 0,
  format: wellFormed ? 0 : 0 - weights.format,
  zoom: earned ? weights.zoom : 0,
});

/** In this order: another one has other last bits. */
export const sumOf = ({ answer, format, zoom }: RewardParts): number => answer + format + zoom;
