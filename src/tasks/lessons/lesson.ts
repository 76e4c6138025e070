import type { Box, Pixels } from "../../image/pixels.ts";
import type { View } from "../scenes/render.ts";
import { writtenCoordinate } from "./coordinates.ts";
import type { ImageLabel } from "./image_labels.ts";

/** Text that is learnt to be written, or only read. */
export interface Span {
  text: string;
  supervised: boolean;
}

/** One supervised conversation. */
export interface LessonRow {
  kind: string;
  /** The whole text in order; `<|image_pad|>` stands once a picture. */
  spans: Span[];
  /** As the model gets them: 64 x 64. */
  pictures: Pixels[];
  /** For each picture its 16 image tokens, row by row; empty where the stage has no image labels. */
  imageLabels: ImageLabel[][];
}

/** Where in a stage a row belongs. */
export interface LessonPlace {
  seed: number;
  step: number;
  index: number;
}

const picture = "<|vision_start|><|image_pad|><|vision_end|>";
export const given = (text: string): Span => ({ text, supervised: false });
export const learnt = (text: string): Span => ({ text, supervised: true });

/** Four numbers and the commas between them, one token a span. @param view  the picture in which they count */
export const boxSpans = ([left, top, right, bottom]: Box, view: View): Span[] =>
  [left - view.left, top - view.top, right - view.left, bottom - view.top].flatMap((px, i) => {
    const number = learnt(writtenCoordinate(px, view.sidePx));
    return i === 0 ? [number] : [learnt(", "), number];
  });

export const userTurn = (words: string): Span =>
  given(`<|im_start|>user\n${picture}${words}<|im_end|>\n<|im_start|>assistant\n`);

/** What the zoom answers. */
export const toolTurn = given(
  `\n<|im_start|>user\n<tool_response>${picture}</tool_response><|im_end|>\n<|im_start|>assistant\n`,
);

export const answerSpans = (answer: string): Span[] => [
  learnt("<answer>"),
  learnt(answer),
  learnt("</answer><|im_end|>"),
];

/** How many of `rows` rows each kind gets: whole numbers nearest to the mix that add up to `rows`. */
export function lessonKinds(mix: Readonly<Record<string, number>>, rows: number): string[] {
  const shares = Object.entries(mix);
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const wanted = shares.map(([kind, share]) => {
    const exact = (rows * share) / total;
    return { kind, count: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  const missing = rows - wanted.reduce((sum, { count }) => sum + count, 0);
  // The sort is stable: of equal rests the first kind gets one more.
  for (const one of wanted.toSorted((a, b) => b.rest - a.rest).slice(0, missing)) one.count++;
  return wanted.flatMap(({ kind, count }) => Array<string>(count).fill(kind));
}
