import type { SurveyedPicture } from "../../../tasks/rows/survey.ts";
import { count } from "../labels/numbers.ts";

/** "640 × 480 → model input 644 × 476 · 391 image tokens" */
export function sizesOf(picture: SurveyedPicture): string {
  const { width, height, sourceWidth, sourceHeight, modelWidth, modelHeight, imageTokens } = picture;
  const original =
    sourceWidth === width && sourceHeight === height
      ? `${width} × ${height}`
      : `${width} × ${height} → reduced to ${sourceWidth} × ${sourceHeight}`;
  return `${original} → model input ${modelWidth} × ${modelHeight} · ${count(imageTokens)} image tokens`;
}

/** What happens to the pictures of a row, each thing once. */
export const changesOf = (pictures: readonly SurveyedPicture[]): string[] => [
  ...new Set(pictures.flatMap(({ changes }) => changes)),
];
