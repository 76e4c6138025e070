import type { Box, Pixels } from "../../image/pixels.ts";
import { Random } from "../random.ts";
import { closeUpSizesPx, digitQuestion } from "../sources/needle.ts";
import { onGrid, writtenCoordinate } from "./coordinates.ts";
import { cellLabels, type ImageLabel, inputPx } from "./image_labels.ts";
import { renderWindow, squareView, wholeScene } from "./render.ts";
import { objectBox, objectName, randomScene, type Scene, type SceneObject, targetOf } from "./scene.ts";

/**
 * What a supervised row shows:
 * `tool` zooms and then answers; `direct` answers although the digit is illegible (so the model learns to guess);
 * `read` answers about a close-up; `cap` lists every object's box; `capr` lists every digit of a close-up.
 */
export type LessonKind = "tool" | "cap" | "read" | "capr" | "direct";

/** One supervised stage. Sizes in source pixels. */
export interface Lessons {
  /** Keeps the random numbers of stages apart. */
  stream: number;
  /** Shares of the kinds. */
  mix: Partial<Record<LessonKind, number>>;
  /** At most this many objects in a scene; at most 4 in a close-up. */
  objects: number;
  shapeMinPx: number;
  shapeMaxPx: number;
  /** Half the scenes have the smallest dots, the others up to the largest; close-ups have their own. */
  glyphMinPx: number;
  glyphMaxPx: number;
  /** How far a zoom box in a lesson is off its target: deviation of its centre along each axis. */
  jitterPx: number;
  /** Sides of zoom boxes in lessons. */
  sideMinPx: number;
  sideMaxPx: number;
  /** Whether image tokens have targets too. */
  imageLabels: boolean;
}

const needleScenes = { objects: 4, shapeMinPx: 48, shapeMaxPx: 64, glyphMinPx: 3, glyphMaxPx: 5 };

/** From random weights to a model that reads, points and zooms well. */
export const warmLessons: Lessons = {
  ...needleScenes,
  stream: 3,
  mix: { tool: 0.3, cap: 0.15, read: 0.15, capr: 0.3, direct: 0.1 },
  jitterPx: 14,
  sideMinPx: 64,
  sideMaxPx: 150,
  imageLabels: true,
};

/** From there to a model that zooms imprecisely and seldom: the start of reinforcement learning. */
export const coldLessons: Lessons = {
  ...needleScenes,
  stream: 4,
  mix: { tool: 0.35, direct: 0.65 },
  jitterPx: 36,
  sideMinPx: 90,
  sideMaxPx: 260,
  imageLabels: false,
};

/**
 * Instead of coldLessons: scenes whose digits can often be read at first sight, so that zooming is learnt only where it pays. The
 * recipe scatters the boxes by 120 px; our warm start reads so well from such crops that zooming never dies out
 * (LOG.md), so they are scattered wider.
 */
export const storyLessons: Lessons = {
  ...coldLessons,
  stream: 5,
  mix: { tool: 0.4, direct: 0.6 },
  shapeMinPx: 90,
  shapeMaxPx: 110,
  glyphMinPx: 8,
  glyphMaxPx: 8,
  jitterPx: 200,
  sideMinPx: 110,
  sideMaxPx: 260,
};

/** Text that is learnt to be written, or only read. */
export interface Span {
  text: string;
  supervised: boolean;
}

/** One supervised conversation. */
export interface LessonRow {
  kind: LessonKind;
  /** The whole text in order; `<|image_pad|>` stands once a picture. */
  spans: Span[];
  /** As the model gets them: 64 x 64. */
  pictures: Pixels[];
  /** For each picture its 16 image tokens, row by row; empty where the stage has no image labels. */
  imageLabels: ImageLabel[][];
}

const picture = "<|vision_start|><|image_pad|><|vision_end|>";
const given = (text: string): Span => ({ text, supervised: false });
const learnt = (text: string): Span => ({ text, supervised: true });

/** Four numbers and the commas between them, one token a span. */
const boxSpans = (box: Box): Span[] =>
  box.flatMap((px, i) => (i === 0 ? [learnt(writtenCoordinate(px))] : [learnt(", "), learnt(writtenCoordinate(px))]));

const userTurn = (words: string): Span =>
  given(`<|im_start|>user\n${picture}${words}<|im_end|>\n<|im_start|>assistant\n`);

const answerSpans = (digit: number): Span[] => [
  learnt("<answer>"),
  learnt(String(digit)),
  learnt("</answer><|im_end|>"),
];

const callSpans = (box: Box, target: SceneObject): Span[] => [
  learnt('<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": ['),
  ...boxSpans(box),
  learnt('], "label": "the'),
  learnt(` ${target.colour}`),
  learnt(` ${target.shape}`),
  learnt('"}}\n</tool_call><|im_end|>'),
];

const toolTurn = given(
  `\n<|im_start|>user\n<tool_response>${picture}</tool_response><|im_end|>\n<|im_start|>assistant\n`,
);

/** The text of a row; `zoom` is the box that a tool row cuts out. */
function lessonSpans(kind: LessonKind, scene: Scene, zoom: Box | null): Span[] {
  const target = targetOf(scene);
  const question = userTurn(digitQuestion(objectName(target)));
  switch (kind) {
    case "tool":
      return [question, ...callSpans(zoom!, target), toolTurn, ...answerSpans(target.digit)];
    case "direct":
    case "read":
      return [question, ...answerSpans(target.digit)];
    case "cap":
      return [
        userTurn("Describe."),
        ...scene.objects.flatMap((o) => [given(` ${objectName(o)}[`), ...boxSpans(objectBox(o)), given("]\n")]),
      ];
    case "capr":
      return [
        userTurn("Read."),
        ...scene.objects.flatMap((o) => [given(` ${objectName(o)} `), learnt(String(o.digit)), given("\n")]),
      ];
  }
}

function lessonScene(random: Random, kind: LessonKind, lessons: Lessons): Scene {
  const { objects, shapeMinPx, shapeMaxPx, glyphMinPx, glyphMaxPx } = lessons;
  if (kind !== "read" && kind !== "capr")
    return randomScene(random, {
      objects: 1 + random.below(objects),
      sizeMinPx: shapeMinPx,
      sizeMaxPx: shapeMaxPx,
      dotPx: glyphMinPx + (glyphMaxPx - glyphMinPx) * Math.max(0, random.uniform(-1, 1)),
    });
  const count = 1 + random.below(Math.min(objects, 4));
  const sizes = closeUpSizesPx(count);
  const middle = (sizes.sizeMinPx + sizes.sizeMaxPx) / 2;
  return randomScene(random, {
    objects: count,
    ...sizes,
    dotPx: Math.min(middle * random.uniform(0.07, 0.1), sizes.sizeMinPx * 0.1),
  });
}

/**
 * A box near the target, on the grid of coordinates that can be written. Wide jitter may throw it off the scene, so
 * that it is empty: no valid call, but taught all the same, as in the recipe. Zooming then has a price at the start.
 */
function zoomBox(random: Random, { xPx, yPx }: SceneObject, lessons: Lessons): Box {
  const centerX = xPx + random.normal() * lessons.jitterPx;
  const centerY = yPx + random.normal() * lessons.jitterPx;
  const side = random.uniform(lessons.sideMinPx, lessons.sideMaxPx);
  const halfWidth = (side * random.uniform(0.85, 1.15)) / 2;
  const halfHeight = (side * random.uniform(0.85, 1.15)) / 2;
  return [
    onGrid(centerX - halfWidth),
    onGrid(centerY - halfHeight),
    onGrid(centerX + halfWidth),
    onGrid(centerY + halfHeight),
  ];
}

/** One row of a kind; the same place always gives the same row. */
export function lessonRow(
  lessons: Lessons,
  kind: LessonKind,
  { seed, step, index }: { seed: number; step: number; index: number },
): LessonRow {
  const random = new Random(seed, [lessons.stream, step, index]);
  const scene = lessonScene(random, kind, lessons);
  const zoom = kind === "tool" ? zoomBox(random, targetOf(scene), lessons) : null;
  const views = zoom ? [wholeScene, squareView(zoom)] : [wholeScene];
  return {
    kind,
    spans: lessonSpans(kind, scene, zoom),
    pictures: views.map((view) => renderWindow(scene, view, inputPx)),
    imageLabels: lessons.imageLabels ? views.map((view, i) => cellLabels(random, scene, view, i === 0)) : [],
  };
}

/** How many of `rows` rows each kind gets: whole numbers nearest to the mix that add up to `rows`. */
export function lessonKinds(mix: Lessons["mix"], rows: number): LessonKind[] {
  const shares = Object.entries(mix) as [LessonKind, number][];
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const wanted = shares.map(([kind, share]) => {
    const exact = (rows * share) / total;
    return { kind, count: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  const missing = rows - wanted.reduce((sum, { count }) => sum + count, 0);
  // The sort is stable: of equal rests the first kind gets one more.
  for (const one of wanted.toSorted((a, b) => b.rest - a.rest).slice(0, missing)) one.count++;
  return wanted.flatMap(({ kind, count }) => Array<LessonKind>(count).fill(kind));
}

/** The rows of one supervised step, those of a kind together: they have nearly the same length. */
export function lessonRows(lessons: Lessons, seed: number, step: number, rows: number): LessonRow[] {
  return lessonKinds(lessons.mix, rows).map((kind, index) => lessonRow(lessons, kind, { seed, step, index }));
}
