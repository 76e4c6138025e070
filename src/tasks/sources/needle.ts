import { derived } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { Random } from "../random.ts";
import { renderWindow, wholeScene } from "../scenes/render.ts";
import {
  objectBox,
  objectName,
  randomScene,
  type Scene,
  type SceneRecipe,
  sceneSidePx,
  targetOf,
} from "../scenes/scene.ts";
import { sceneWords } from "../scenes/scene_words.ts";
import type { Task } from "../task.ts";
import type { TaskSource } from "./task_source.ts";

/** The knobs of a run that shape its scenes. */
export interface NeedleSettings {
  /** Objects in a scene, 1 to 8. */
  objects: number;
  /** Side of one of the digit's dots, source px. */
  glyphPx: number;
  shapeMinPx: number;
  shapeMaxPx: number;
  /** Share of scenes that are close-ups: few, large objects whose digits can be read at first sight. */
  legibleShare: number;
}

export type Split = "train" | "heldout";

/** Purposes of random streams: those of other purposes share no numbers. */
const streams: Record<Split, number> = { train: 1, heldout: 2 };

const source = "needle";

/** Sizes of objects in a close-up, by how many there are. */
export function closeUpSizesPx(objects: number): { sizeMinPx: number; sizeMaxPx: number } {
  if (objects === 1) return { sizeMinPx: 160, sizeMaxPx: 300 };
  if (objects === 2) return { sizeMinPx: 140, sizeMaxPx: 220 };
  return { sizeMinPx: 110, sizeMaxPx: 140 };
}

function recipe(random: Random, settings: NeedleSettings): SceneRecipe {
  const legible = random.uniform() < settings.legibleShare;
  const few = 1 + random.below(3);
  if (!legible)
    return {
      objects: settings.objects,
      sizeMinPx: settings.shapeMinPx,
      sizeMaxPx: settings.shapeMaxPx,
      dotPx: settings.glyphPx,
    };
  const sizes = closeUpSizesPx(few);
  return { objects: few, ...sizes, dotPx: sizes.sizeMinPx * 0.09 };
}

/** Where in a run a scene belongs; two that differ in any of these have other scenes. */
export interface ScenePlace {
  seed: number;
  split: Split;
  step: number;
  /** Of the task in its step. */
  index: number;
}

export function needleScene(settings: NeedleSettings, { seed, split, step, index }: ScenePlace): Scene {
  const random = new Random(seed, [streams[split], step, index]);
  return randomScene(random, recipe(random, settings));
}

export const digitQuestion = (name: string): string => `What digit is on the ${name}?`;

/** The task of one place in a run: what digit stands on one of the objects. */
export function needleTask(settings: NeedleSettings, place: ScenePlace): Task {
  const { seed, split, step, index } = place;
  const scene = needleScene(settings, place);
  const target = targetOf(scene);
  const [left, top, right, bottom] = objectBox(target);
  return {
    id: `${source}/${seed}/${split}/${step}/${index}`,
    source,
    question: digitQuestion(objectName(target)),
    answer: String(target.digit),
    imageSizesPx: [{ width: sceneSidePx, height: sceneSidePx }],
    goldBoxSourcePx: [Math.round(left), Math.round(top), Math.round(right), Math.round(bottom)],
  };
}

/** The scene of a task, from its id. */
function sceneOf(id: string, settings: NeedleSettings): Scene {
  const [, seed, split, step, index] = id.match(/^needle\/(\d+)\/(train|heldout)\/(\d+)\/(\d+)$/) ?? [];
  if (split === undefined)
    throw new Error(
      `A task of the needle source has an id like "needle/7/train/12/3" (seed, split, step, index), found "${id}"`,
    );
  return needleScene(settings, {
    seed: Number(seed),
    split: split as Split,
    step: Number(step),
    index: Number(index),
  });
}

/** The one picture of a task, rendered from its id: 512 x 512. */
export const needlePictures = (id: string, settings: NeedleSettings): Pixels[] => [
  renderWindow(sceneOf(id, settings), wholeScene, sceneSidePx),
];

/** What a device renders a task's picture from. */
export const needleWords = (id: string, settings: NeedleSettings): Uint32Array<ArrayBuffer> =>
  sceneWords(sceneOf(id, settings));

/** The picture of a task for a device that renders it: its bytes are made here only where somebody reads them. */
export const renderedPicture = (id: string, settings: NeedleSettings, words: Uint32Array): Pixels =>
  derived({ width: sceneSidePx, height: sceneSidePx }, { kind: "scene", words }, () =>
    renderWindow(sceneOf(id, settings), wholeScene, sceneSidePx),
  );

/** Generated scenes: coloured shapes with small digits, one of which is asked for. */
export function needle(settings: NeedleSettings, seed: number): TaskSource {
  const tasks = (split: Split, step: number, count: number): Task[] =>
    Array.from({ length: count }, (_, index) => needleTask(settings, { seed, split, step, index }));
  return {
    name: source,
    take: async (step, count) => tasks("train", step, count),
    heldOut: async (count) => tasks("heldout", 0, count),
    pictures: async (task) => needlePictures(task.id, settings),
  };
}
