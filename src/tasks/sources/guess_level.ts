import { type SceneSettings, usualScenes, type World } from "../worlds/world.ts";
import { sceneProblem } from "./scenes.ts";

/** What a world's questions are worth to somebody who does not look. */
export interface GuessLevel {
  /** The most frequent answer, and its share of all: no fixed answer is right more often. */
  answer: string;
  share: number;
  /** Share of scenes with an answer that takes a zoom; the others show it as they are first seen. */
  needZoom: number;
  /** Scenes that were counted. */
  scenes: number;
}

/** Enough for a standard error below .012. */
const scenesCounted = 2_000;

/**
 * Counted over scenes that are trained on, with the settings of a run and one world; nothing is rendered. Where settings
 * make texts legible at first sight, an answer without a zoom may be right more often.
 */
export function guessLevel(world: World, settings: Partial<SceneSettings>, seed: number): GuessLevel {
  const counts = new Map<string, number>();
  let needing = 0;
  const ofWorld = { ...usualScenes, ...settings, worlds: world.name };
  for (let index = 0; index < scenesCounted; index++) {
    const place = { seed, split: "train", step: ofWorld.curriculumSteps, index } as const;
    const { answer, zooms } = sceneProblem(ofWorld, place);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    if (zooms.length > 0) needing++;
  }
  const [answer, most] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best));
  return { answer, share: most / scenesCounted, needZoom: needing / scenesCounted, scenes: scenesCounted };
}
