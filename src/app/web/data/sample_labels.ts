import type { SurveyedPicture } from "../../../tasks/rows/survey.ts";
import { count } from "../labels/numbers.ts";

/** "640 × 480 · kept so · shown 644 × 476 · 391 tokens" */
export function sizesOf(picture: SurveyedPicture): string {
  const { width, height, sourceWidth, sourceHeight, modelWidth, modelHeight, imageTokens } = picture;
  const kept =
    sourceWidth === width && sourceHeight === height
      ? `${width} × ${height}`
      : `${width} × ${height} → kept ${sourceWidth} × ${sourceHeight}`;
  return `${kept} → shown ${modelWidth} × ${modelHeight} · ${count(imageTokens)} image tokens`;
}

/** What happens to the pictures of a row, each thing once. */
export const changesOf = (pictures: readonly SurveyedPicture[]): string[] => [
  ...new Set(pictures.flatMap(({ changes }) => changes)),
];
