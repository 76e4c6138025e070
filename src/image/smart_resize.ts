/** Limits of a model input's size: sides in multiples of `factor`, area between the two limits. */
export interface SizeLimits {
  /** patch size * merge size, pixels */
  factor: number;
  minPixels: number;
  maxPixels: number;
}

/**
 * Whose rule: they differ only where a side is shorter than a factor. `transformers-4` refuses such a picture,
 * `transformers` (5) may round a side to 0 before it looks at the area, `qwen-vl-utils` makes it a factor long.
 */
export type SizeRule = "transformers" | "transformers-4" | "qwen-vl-utils";

/** How many times its shorter side a picture's longer one may be. */
export const largestAspect = 200;

/** Python's round: halves go to the even neighbour. */
const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
};

/**
 * The size to which Qwen's image processors resize a picture (`smart_resize`): near its own, sides in multiples of
 * `factor`, nearly the same aspect, area within the limits. @throws where one side is more than 200 times the other, or
 * too short for the rule
 */
export function smartResize(
  heightPx: number,
  widthPx: number,
  { factor, minPixels, maxPixels }: SizeLimits,
  rule: SizeRule = "transformers",
): { heightPx: number; widthPx: number } {
  if (!(heightPx >= 1 && widthPx >= 1))
    throw new Error(`A picture must have at least one pixel, found ${widthPx} x ${heightPx}`);
  if (rule === "transformers-4" && Math.min(heightPx, widthPx) < factor)
    throw new Error(
      `transformers 4 shows no picture with a side under ${factor} pixels, found ${widthPx} x ${heightPx}`,
    );
  const aspect = Math.max(heightPx, widthPx) / Math.min(heightPx, widthPx);
  if (aspect > largestAspect)
    throw new Error(
      `A picture's longer side may be at most ${largestAspect} times its shorter one, found ${widthPx} x ${heightPx} (${aspect} times)`,
    );
  const least = rule === "qwen-vl-utils" ? factor : 0;
  const height = Math.max(least, roundHalfEven(heightPx / factor) * factor);
  const width = Math.max(least, roundHalfEven(widthPx / factor) * factor);
  if (height * width > maxPixels) {
    const shrink = Math.sqrt((heightPx * widthPx) / maxPixels);
    const shorten = (side: number) => Math.max(factor, Math.floor(side / shrink / factor) * factor);
    return { heightPx: shorten(heightPx), widthPx: shorten(widthPx) };
  }
  if (height * width < minPixels) {
    const grow = Math.sqrt(minPixels / (heightPx * widthPx));
    const lengthen = (side: number) => Math.ceil((side * grow) / factor) * factor;
    return { heightPx: lengthen(heightPx), widthPx: lengthen(widthPx) };
  }
  return { heightPx: height, widthPx: width };
}
