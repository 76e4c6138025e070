/** Bytes of the weights of the models that come with the page, by their names. */
export const shippedWeightsBytes = { needle: 2_882_568, story: 2_882_568, worlds: 8_954_904 } as const;

/** Weights so large that a person should know of the fetch. */
const largeBytes = 5e6;

/** "worlds, 9.0 MB": a shipped model that takes a moment to fetch; null for others. */
export function largeShipped(model: string): string | null {
  if (!Object.hasOwn(shippedWeightsBytes, model)) return null;
  const bytes = shippedWeightsBytes[model as keyof typeof shippedWeightsBytes];
  return bytes < largeBytes ? null : `${model}, ${(bytes / 1e6).toFixed(1)} MB`;
}
