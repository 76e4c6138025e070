import { Random } from "../random.ts";
import type { GroundName } from "../scenes/ground.ts";
import { renderWindow, squareView, type View, wholeScene } from "../scenes/render.ts";
import { isDisc, objectBox, objectName, randomScene, type SceneObject } from "../scenes/scene.ts";
import { presetScenes } from "../worlds/preset_scenes.ts";
import { randomWord } from "../worlds/read.ts";
import { worldNamed } from "../worlds/table.ts";
import { closeUpSizesPx, groundOf, type Problem, type SceneSettings, usualScenes, type Zoom } from "../worlds/world.ts";
import { onGrid } from "./coordinates.ts";
import { cellLabels, inputPx } from "./image_labels.ts";
import { boxSpans, given, type LessonPlace, type LessonRow, learnt, type Span, toolTurn, userTurn } from "./lesson.ts";

/**
 * What a row of several worlds shows, the name of its world behind a colon where it has one:
 * `solve` zooms as often as it takes and answers; `short` stops one zoom early or earlier, and answers all the same;
 * `guess` answers at once; `easy` answers about a scene that shows all at first sight; `astray` zooms where the whole scene
 * was asked about, and answers;
 * `cap` lists every object's box; `disc` gives the box of a disc on a plate; `capr` lists every text of a close-up.
 */
export type WorldLessonKind = string;

/** One supervised stage of several worlds. */
export interface WorldLessons {
  /** Keeps the random numbers of stages apart. */
  stream: number;
  /** Shares of the kinds. */
  mix: Readonly<Record<WorldLessonKind, number>>;
  /** Settings of each world's scenes. */
  scenes: Readonly<Record<string, Partial<SceneSettings>>>;
  /** How far a zoom is off its target, as a share of the target's size: deviation of its centre along each axis. */
  jitter: number;
  /** Sides of zooms as shares of the target's size. */
  sideMin: number;
  sideMax: number;
  /** Share of scenes on a textured ground. */
  textured: number;
  /** Whether image tokens have targets too. */
  imageLabels: boolean;
}

/** From random weights to a model that reads, points and solves. */
export const worldWarmLessons: WorldLessons = {
  stream: 11,
  mix: {
    "solve:needle": 0.06,
    "solve:hunt": 0.14,
    "solve:relate": 0.05,
    "solve:read": 0.06,
    "guess:needle": 0.015,
    "guess:hunt": 0.015,
    "guess:relate": 0.015,
    "guess:read": 0.015,
    "guess:count": 0.09,
    "easy:count": 0.02,
    "guess:order": 0.05,
    "easy:needle": 0.05,
    "easy:relate": 0.03,
    "easy:read": 0.05,
    cap: 0.1,
    disc: 0.04,
    capr: 0.2,
  },
  scenes: presetScenes,
  jitter: 0.22,
  sideMin: 1.15,
  sideMax: 1.9,
  textured: 0.4,
  imageLabels: true,
};

/** From there to a model that zooms imprecisely, seldom, and seldom to the end: the start of reinforcement learning. */
export const worldColdLessons: WorldLessons = {
  ...worldWarmLessons,
  stream: 12,
  mix: {
    "solve:needle": 0.05,
    "guess:needle": 0.09,
    "solve:hunt": 0.14,
    "short:hunt": 0.14,
    "guess:hunt": 0.12,
    "solve:relate": 0.05,
    "short:relate": 0.04,
    "guess:relate": 0.06,
    "solve:read": 0.05,
    "guess:read": 0.09,
    "guess:count": 0.06,
    "astray:count": 0.03,
    "guess:order": 0.06,
    "astray:order": 0.03,
  },
  jitter: 0.42,
  sideMin: 1.4,
  sideMax: 2.6,
  imageLabels: false,
};

/** How a model that was trained on several worlds writes a call: what it looks for before where that is. */
const callSpans = ({ imageIndex, label }: Zoom, box: View, within: View): Span[] => [
  learnt('<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"image_index": '),
  learnt(String(imageIndex)),
  learnt(', "label": "the'),
  ...label.split(" ").map((word) => learnt(` ${word}`)),
  learnt('", "bbox_2d": ['),
  ...boxSpans([box.left, box.top, box.left + box.sidePx, box.top + box.sidePx], within),
  learnt("]}}\n</tool_call><|im_end|>"),
];

/** An answer, a token a span: words after a space, as they are written elsewhere; capitals one by one. */
const answerSpans = (answer: string): Span[] => {
  const parts = /^[a-z ]+$/.test(answer) ? answer.split(" ").map((word) => ` ${word}`) : [answer];
  return [learnt("<answer>"), ...parts.map(learnt), learnt("</answer><|im_end|>")];
};

/** One row of a kind; the same place always gives the same row. */
export function worldLessonRow(
  lessons: WorldLessons,
  kind: WorldLessonKind,
  { seed, step, index }: LessonPlace,
): LessonRow {
  const random = new Random(seed, [lessons.stream, step, index]);
  if (kind === "cap" || kind === "disc" || kind === "capr") return pictureRow(random, lessons, kind);
  const [manner = "", world = ""] = kind.split(":");
  const settings = { ...usualScenes, ...lessons.scenes[world] };
  const ground = randomGround(random, lessons);
  const problem = worldNamed(world).problem({ random, settings, ground, easy: manner === "easy" });
  return conversation(random, lessons, { kind, problem, zooms: zoomsOf(random, manner, problem) });
}

const randomGround = (random: Random, { textured }: WorldLessons): GroundName =>
  groundOf(random, random.uniform() < textured ? "textured" : "plain");

/** The zooms that a manner of solving a problem makes. */
function zoomsOf(random: Random, manner: string, { scene, zooms }: Problem): readonly Zoom[] {
  switch (manner) {
    case "solve":
      return zooms;
    case "short":
      return zooms.slice(0, 1 + random.below(Math.max(1, zooms.length - 1)));
    case "astray": {
      const target = scene.objects[random.below(scene.objects.length)]!;
      return [{ imageIndex: 0, target, label: objectName(target) }];
    }
    default:
      return [];
  }
}

function conversation(
  random: Random,
  lessons: WorldLessons,
  { kind, problem, zooms }: { kind: string; problem: Problem; zooms: readonly Zoom[] },
): LessonRow {
  const { scene, question, answer } = problem;
  const views = [wholeScene(scene)];
  const spans = [userTurn(question)];
  for (const zoom of zooms) {
    const within = views[zoom.imageIndex]!;
    const box = zoomBox(random, zoom.target, within, lessons);
    spans.push(...callSpans(zoom, box, within), toolTurn);
    const { left, top, sidePx } = box;
    views.push(squareView([left, top, left + sidePx, top + sidePx], within));
  }
  return {
    kind,
    spans: [...spans, ...answerSpans(answer)],
    pictures: views.map((view) => renderWindow(scene, view, inputPx)),
    imageLabels: lessons.imageLabels ? views.map((view, i) => cellLabels(random, scene, view, i === 0)) : [],
  };
}

/**
 * A square near the target, inside the picture that it is cut from and on the grid of coordinates that can be written in
 * it. Its centre stays inside, so that a target that this picture does not show gives a valid call all the same.
 */
function zoomBox(random: Random, target: SceneObject, within: View, { jitter, sideMin, sideMax }: WorldLessons): View {
  const { sizePx } = target;
  const side = Math.min(within.sidePx, sizePx * random.uniform(sideMin, sideMax));
  const start = (centre: number, first: number) => {
    const low = centre + random.normal() * jitter * sizePx - side / 2 - first;
    return first + onGrid(Math.min(Math.max(low, 0), within.sidePx - side), within.sidePx);
  };
  const left = start(target.xPx, within.left);
  const top = start(target.yPx, within.top);
  const grid = within.sidePx / 100;
  return { left, top, sidePx: Math.max(grid, onGrid(side, within.sidePx)) };
}

/** A row about a picture as a whole. */
function pictureRow(random: Random, lessons: WorldLessons, kind: "cap" | "disc" | "capr"): LessonRow {
  const row = (problem: Pick<Problem, "scene">, view: View, spans: Span[]): LessonRow => ({
    kind,
    spans,
    pictures: [renderWindow(problem.scene, view, inputPx)],
    imageLabels: lessons.imageLabels ? [cellLabels(random, problem.scene, view, kind === "cap")] : [],
  });
  if (kind === "capr") {
    const few = 1 + random.below(3);
    const sizes = closeUpSizesPx(few);
    const middle = (sizes.sizeMinPx + sizes.sizeMaxPx) / 2;
    const isWord = random.uniform() < 0.4;
    const letters = "BCGMORWY";
    const scene = randomScene(random, {
      objects: few,
      ...sizes,
      dotPx: isWord
        ? Math.max(8.4, sizes.sizeMinPx * random.uniform(0.042, 0.055))
        : Math.min(middle * random.uniform(0.07, 0.1), sizes.sizeMinPx * 0.1),
      sidePx: 512,
      ground: randomGround(random, lessons),
      text: (random) => {
        if (isWord) return randomWord(random);
        return random.below(2) === 0 ? String(random.below(10)) : letters[random.below(letters.length)]!;
      },
    });
    return row({ scene }, wholeScene(scene), [
      userTurn("Read."),
      ...scene.objects.flatMap((o) => [given(` ${objectName(o)} `), learnt(o.text), given("\n")]),
    ]);
  }
  const world = kind === "disc" || random.below(2) === 0 ? "hunt" : "needle";
  const settings = { ...usualScenes, ...lessons.scenes[world], ...(kind === "disc" ? { hopsMin: 4, hopsMax: 4 } : {}) };
  const ground = randomGround(random, lessons);
  const { scene, zooms } = worldNamed(world).problem({ random, settings, ground, easy: false });
  if (kind === "cap") {
    const view = wholeScene(scene);
    const named = scene.objects.filter((object) => !isDisc(object));
    return row({ scene }, view, [
      userTurn("Describe."),
      ...named.flatMap((o) => [given(` ${objectName(o)}[`), ...boxSpans(objectBox(o), view), given("]\n")]),
    ]);
  }
  const [plate, disc] = zooms.slice(-2) as [Zoom, Zoom];
  const whole = wholeScene(scene);
  const box = zoomBox(random, plate.target, whole, lessons);
  const view = squareView([box.left, box.top, box.left + box.sidePx, box.top + box.sidePx], whole);
  return row({ scene }, view, [
    userTurn("Describe."),
    given(" disc["),
    ...boxSpans(objectBox(disc.target), view),
    given("]\n"),
  ]);
}
