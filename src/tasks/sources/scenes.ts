import { derived } from "../../image/derived.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { Random } from "../random.ts";
import { renderWindow, wholeScene } from "../scenes/render.ts";
import { sceneWords } from "../scenes/scene_words.ts";
import type { Task } from "../task.ts";
import { chosenWorlds, sourceOf, worldNamed, worldNames } from "../worlds/table.ts";
import { groundOf, type Problem, type SceneSettings, usualScenes, type World } from "../worlds/world.ts";
import type { TaskSource } from "./task_source.ts";

export type Split = "train" | "heldout";

/** Purposes of random streams: those of other purposes share no numbers. */
const streams: Record<Split, number> = { train: 1, heldout: 2 };
/** Which of a run's worlds a task is of. */
const worldStream = 7;

/** Where in a run a scene belongs; two that differ in any of these have other scenes. */
export interface ScenePlace {
  seed: number;
  split: Split;
  step: number;
  /** Of the task in its step. */
  index: number;
}

/** The world of a place: the run's one, or one of its worlds at random. */
function worldAt({ worlds }: SceneSettings, { seed, split, step, index }: ScenePlace): World {
  const chosen = chosenWorlds(worlds);
  if (chosen.length === 1) return chosen[0]!;
  const random = new Random(seed, [worldStream, step, index, streams[split]]);
  return chosen[random.below(chosen.length)]!;
}

/** Share of easy tasks: in training a curriculum begins with all. */
function easyShare({ legibleShare, curriculumSteps }: SceneSettings, { split, step }: ScenePlace): number {
  if (split === "heldout" || step >= curriculumSteps) return legibleShare;
  return 1 - (1 - legibleShare) * (step / curriculumSteps);
}

function problemAt(world: World, settings: SceneSettings, place: ScenePlace): Problem {
  const { seed, split, step, index } = place;
  const random = new Random(seed, [streams[split], step, index]);
  const easy = random.uniform() < easyShare(settings, place);
  const { ground, heldOutGround } = settings;
  const choice = split === "heldout" && heldOutGround !== "same" ? heldOutGround : ground;
  return world.problem({ random, settings, ground: groundOf(random, choice), easy });
}

/** The scene of one place in a run, with its question. */
export function sceneProblem(given: Partial<SceneSettings>, place: ScenePlace): Problem {
  const settings = { ...usualScenes, ...given };
  return problemAt(worldAt(settings, place), settings, place);
}

const whole = ([left, top, right, bottom]: Box): Box => [
  Math.round(left),
  Math.round(top),
  Math.round(right),
  Math.round(bottom),
];

/** The task of one place in a run. */
export function sceneTask(given: Partial<SceneSettings>, place: ScenePlace): Task {
  const settings = { ...usualScenes, ...given };
  const { seed, split, step, index } = place;
  const world = worldAt(settings, place);
  const { name, sidePx } = world;
  const { question, answer, goldBoxSourcePx } = problemAt(world, settings, place);
  return {
    id: `${name}/${seed}/${split}/${step}/${index}`,
    source: sourceOf(world),
    question,
    answer,
    imageSizesPx: [{ width: sidePx, height: sidePx }],
    ...(goldBoxSourcePx ? { goldBoxSourcePx: whole(goldBoxSourcePx) } : {}),
  };
}

/** Of an id that is none, as errors show it. */
const longestId = 80;

/** The scene of a task, from its id. @throws Error with one sentence where it is none of a world */
export function problemOf(id: string, settings: Partial<SceneSettings>): Problem {
  const [, name = "", seed, split, step, index] = id.match(/^([a-z]+)\/(\d+)\/(train|heldout)\/(\d+)\/(\d+)$/) ?? [];
  const isPlace = [seed, step, index].every((number) => Number(number) < 2 ** 32);
  if (split === undefined || !worldNames.includes(name) || !isPlace)
    throw new Error(
      `A task of a generated scene has an id like "needle/7/train/12/3" (world, seed, split, step, index), found "${id.slice(0, longestId)}"`,
    );
  const place = { seed: Number(seed), split: split as Split, step: Number(step), index: Number(index) };
  return problemAt(worldNamed(name), { ...usualScenes, ...settings }, place);
}

/** The one picture of a task, rendered from its id. */
export function scenePictures(id: string, settings: Partial<SceneSettings>): Pixels[] {
  const { scene } = problemOf(id, settings);
  return [renderWindow(scene, wholeScene(scene), scene.sidePx)];
}

/** What a device renders a task's picture from. */
export const taskWords = (id: string, settings: Partial<SceneSettings>): Uint32Array<ArrayBuffer> =>
  sceneWords(problemOf(id, settings).scene);

/** The picture of a task for a device that renders it: its bytes are made here only where somebody reads them. */
export function renderedPicture(id: string, settings: Partial<SceneSettings>, words: Uint32Array): Pixels {
  const { sidePx } = worldNamed(id.split("/")[0]!);
  return derived({ width: sidePx, height: sidePx }, { kind: "scene", words }, () => scenePictures(id, settings)[0]!);
}

/** Generated scenes of one world or several. @throws Error where a world is none */
export function generatedScenes(given: Partial<SceneSettings>, seed: number): TaskSource {
  const settings = { ...usualScenes, ...given };
  const chosen = chosenWorlds(settings.worlds);
  const tasks = (split: Split, step: number, count: number): Task[] =>
    Array.from({ length: count }, (_, index) => sceneTask(settings, { seed, split, step, index }));
  return {
    name: chosen.length === 1 ? sourceOf(chosen[0]!) : "scenes",
    take: async (step, count) => tasks("train", step, count),
    heldOut: async (count) => tasks("heldout", 0, count),
    pictures: async (task) => scenePictures(task.id, settings),
  };
}
