import type { Box } from "../../image/pixels.ts";
import type { Random } from "../random.ts";
import type { GroundName } from "../scenes/ground.ts";
import type { Scene, SceneObject, SceneRecipe } from "../scenes/scene.ts";

/** `textured` is one of clouds, bricks and rubble, a scene at a time. */
export const groundChoices = ["plain", "textured", "clouds", "bricks", "rubble", "stripes"] as const;
export type GroundChoice = (typeof groundChoices)[number];

/** The knobs of a run that shape its scenes. Lengths in source px. */
export interface SceneSettings {
  /** Names of worlds, separated by commas: each task is of one of them, at random. */
  worlds: string;
  /** Coloured shapes in a scene, 1 to 8. */
  objects: number;
  /** Side of one dot of a text. */
  glyphPx: number;
  shapeMinPx: number;
  shapeMaxPx: number;
  /** Share of tasks that are easy: close-ups whose texts can be read at first sight, or the shortest hunts. */
  legibleShare: number;
  /** Calls that a hunt takes, from and to: 2 to 4. */
  hopsMin: number;
  hopsMax: number;
  /** Share of the smallest shape that shapes may hide of each other, 0 to 1. */
  overlap: number;
  ground: GroundChoice;
  /** The ground of held-out tasks; `same`: as trained on. */
  heldOutGround: GroundChoice | "same";
  /** Over so many steps the share of easy tasks falls from all to `legibleShare`; 0: no curriculum. */
  curriculumSteps: number;
}

/** Scenes of the preset `needle`, and what logs mean that are older than a setting. */
export const usualScenes: SceneSettings = {
  worlds: "needle",
  objects: 4,
  glyphPx: 3,
  shapeMinPx: 48,
  shapeMaxPx: 64,
  legibleShare: 0,
  hopsMin: 2,
  hopsMax: 4,
  overlap: 0,
  ground: "plain",
  heldOutGround: "same",
  curriculumSteps: 0,
};

/** One zoom on the way to an answer. */
export interface Zoom {
  /** The picture that it cuts from: 0 is the scene, k what the k-th zoom showed. */
  imageIndex: number;
  /** What it is about. */
  target: SceneObject;
  /** What a model would call it, after "the". */
  label: string;
}

/** A scene with a question about it. */
export interface Problem {
  scene: Scene;
  question: string;
  answer: string;
  /** Where the answer stands, source px; absent where the whole scene is asked about. */
  goldBoxSourcePx?: Box;
  /** The zooms that show what is needed, in their order; none where the scene as it is first seen shows it. */
  zooms: readonly Zoom[];
}

/** What a task is made of. */
export interface ProblemParts {
  random: Random;
  settings: SceneSettings;
  ground: GroundName;
  /** An easy one of its kind. */
  easy: boolean;
}

/** A kind of scene and question. One file each, listed in table.ts. */
export interface World {
  /** Small letters only: ids of tasks begin with it. */
  name: string;
  /** For people, a word or two. */
  label: string;
  /** One sentence for people: what is asked, and what it takes. */
  line: string;
  /** Width and height of its scenes. */
  sidePx: number;
  /** Zooms that its questions take at most; 0 where the scene as it is first seen shows the answer. */
  mostZooms(settings: Pick<SceneSettings, "hopsMax">): number;
  problem(parts: ProblemParts): Problem;
}

/** Sizes of objects in a close-up, by how many there are; in a scene of 512 px. */
export function closeUpSizesPx(objects: number): { sizeMinPx: number; sizeMaxPx: number } {
  if (objects === 1) return { sizeMinPx: 160, sizeMaxPx: 300 };
  if (objects === 2) return { sizeMinPx: 140, sizeMaxPx: 220 };
  return { sizeMinPx: 110, sizeMaxPx: 140 };
}

/** The shapes of a scene that is not easy, as the settings have them. */
export const shapesOf = ({
  objects,
  shapeMinPx,
  shapeMaxPx,
  glyphPx,
  overlap,
}: SceneSettings): Omit<SceneRecipe, "sidePx" | "ground"> => ({
  objects,
  sizeMinPx: shapeMinPx,
  sizeMaxPx: shapeMaxPx,
  dotPx: glyphPx,
  ...(overlap > 0 ? { gapPx: -overlap * shapeMinPx } : {}),
});

const textured = ["clouds", "bricks", "rubble"] as const;

/** The ground of one scene. Only a choice that leaves something open takes a random number. */
export const groundOf = (random: Random, choice: GroundChoice): GroundName =>
  choice === "textured" ? textured[random.below(textured.length)]! : choice;
