/** How large pictures are shown, from a model's preprocessor_config.json. */
export interface Preprocessor {
  minPixels: number;
  maxPixels: number;
}

/** @throws Error naming what is missing */
export function readPreprocessor(json: Record<string, unknown>): Preprocessor {
  const size = (json.size ?? {}) as Record<string, unknown>;
  const number = (value: unknown, name: string): number => {
    if (typeof value !== "number")
      throw new Error(`preprocessor_config.json: expected a number for ${name}, found ${JSON.stringify(value)}`);
    return value;
  };
  return {
    minPixels: number(json.min_pixels ?? size.shortest_edge, "min_pixels"),
    maxPixels: number(json.max_pixels ?? size.longest_edge, "max_pixels"),
  };
}
