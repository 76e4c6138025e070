import type { Box } from "../../image/pixels.ts";
import { Random } from "../random.ts";
import { renderWindow, squareView, wholeScene } from "../scenes/render.ts";
import { objectBox, objectName, randomScene, type Scene, type SceneObject, targetOf } from "../scenes/scene.ts";
import { digitQuestion } from "../worlds/needle.ts";
import { closeUpSizesPx } from "../worlds/world.ts";
import { onGrid } from "./coordinates.ts";
import { cellLabels, inputPx } from "./image_labels.ts";
import {
  answerSpans,
  boxSpans,
  given,
  type LessonPlace,
  type LessonRow,
  learnt,
  type Span,
  toolTurn,
  userTurn,
} from "./lesson.ts";

/**
 * What a supervised row shows:
 * `tool` zooms and then answers; `direct` answers although the digit is illegible (so the model learns to guess);
 * `read` answers about a close-up; `cap` lists every object's box; `capr` lists every digit of a close-up.
 */
export type LessonKind = "tool" | "cap" | "read" | "capr" | "direct";

/** One supervised stage. Sizes in source pixels. */
export interface NeedleLessons {
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

const sidePx = 512;

const needleScenes = { objects: 4, shapeMinPx: 48, shapeMaxPx: 64, glyphMinPx: 3, glyphMaxPx: 5 };

/** From random weights to a model that reads, points and zooms well. */
export const warmLessons: NeedleLessons = {
  ...needleScenes,
  stream: 3,
  mix: { tool: 0.3, cap: 0.15, read: 0.15, capr: 0.3, direct: 0.1 },
  jitterPx: 14,
  sideMinPx: 64,
  sideMaxPx: 150,
  imageLabels: true,
};

/** From there to a model that zooms imprecisely and seldom: the start of reinforcement learning. */
export const coldLessons: NeedleLessons = {
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
export const storyLessons: NeedleLessons = {
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

const callSpans = (box: Box, target: SceneObject): Span[] => [
  learnt('<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": ['),
  ...boxSpans(box, wholeScene({ sidePx })),
  learnt('], "label": "the'),
  learnt(` ${target.colour}`),
  learnt(` ${target.shape}`),
  learnt('"}}\n</tool_call><|im_end|>'),
];

/** The text of a row; `zoom` is the box that a tool row cuts out. */
function lessonSpans(kind: LessonKind, scene: Scene, zoom: Box | null): Span[] {
  const target = targetOf(scene);
  const question = userTurn(digitQuestion(objectName(target)));
  switch (kind) {
    case "tool":
      return [question, ...callSpans(zoom!, target), toolTurn, ...answerSpans(target.text)];
    case "direct":
    case "read":
      return [question, ...answerSpans(target.text)];
    case "cap":
      return [
        userTurn("Describe."),
        ...scene.objects.flatMap((o) => [
          given(` ${objectName(o)}[`),
          ...boxSpans(objectBox(o), wholeScene(scene)),
          given("]\n"),
        ]),
      ];
    case "capr":
      return [
        userTurn("Read."),
        ...scene.objects.flatMap((o) => [given(` ${objectName(o)} `), learnt(o.text), given("\n")]),
      ];
  }
}

function lessonScene(random: Random, kind: LessonKind, lessons: NeedleLessons): Scene {
  const { objects, shapeMinPx, shapeMaxPx, glyphMinPx, glyphMaxPx } = lessons;
  if (kind !== "read" && kind !== "capr")
    return randomScene(random, {
      sidePx,
      ground: "plain",
      objects: 1 + random.below(objects),
      sizeMinPx: shapeMinPx,
      sizeMaxPx: shapeMaxPx,
      dotPx: glyphMinPx + (glyphMaxPx - glyphMinPx) * Math.max(0, random.uniform(-1, 1)),
    });
  const count = 1 + random.below(Math.min(objects, 4));
  const sizes = closeUpSizesPx(count);
  const middle = (sizes.sizeMinPx + sizes.sizeMaxPx) / 2;
  return randomScene(random, {
    sidePx,
    ground: "plain",
    objects: count,
    ...sizes,
    dotPx: Math.min(middle * random.uniform(0.07, 0.1), sizes.sizeMinPx * 0.1),
  });
}

/**
 * A box near the target, on the grid of coordinates that can be written. Wide jitter may throw it off the scene, so
 * that it is empty: no valid call, but taught all the same, as in the recipe. Zooming then has a price at the start.
 */
function zoomBox(random: Random, { xPx, yPx }: SceneObject, lessons: NeedleLessons): Box {
  const centerX = xPx + random.normal() * lessons.jitterPx;
  const centerY = yPx + random.normal() * lessons.jitterPx;
  const side = random.uniform(lessons.sideMinPx, lessons.sideMaxPx);
  const halfWidth = (side * random.uniform(0.85, 1.15)) / 2;
  const halfHeight = (side * random.uniform(0.85, 1.15)) / 2;
  return [
    onGrid(centerX - halfWidth, sidePx),
    onGrid(centerY - halfHeight, sidePx),
    onGrid(centerX + halfWidth, sidePx),
    onGrid(centerY + halfHeight, sidePx),
  ];
}

/** One row of a kind; the same place always gives the same row. */
export function needleLessonRow(
  lessons: NeedleLessons,
  kind: LessonKind,
  { seed, step, index }: LessonPlace,
): LessonRow {
  const random = new Random(seed, [lessons.stream, step, index]);
  const scene = lessonScene(random, kind, lessons);
  const zoom = kind === "tool" ? zoomBox(random, targetOf(scene), lessons) : null;
  const whole = wholeScene(scene);
  const views = zoom ? [whole, squareView(zoom, whole)] : [whole];
  return {
    kind,
    spans: lessonSpans(kind, scene, zoom),
    pictures: views.map((view) => renderWindow(scene, view, inputPx)),
    imageLabels: lessons.imageLabels ? views.map((view, i) => cellLabels(random, scene, view, i === 0)) : [],
  };
}
