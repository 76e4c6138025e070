import { type GuessLevel, guessLevel } from "../../tasks/sources/guess_level.ts";
import { generatedScenes, renderedPicture, taskWords } from "../../tasks/sources/scenes.ts";
import { presetScenes } from "../../tasks/worlds/preset_scenes.ts";
import { chosenWorlds, worldNamed } from "../../tasks/worlds/table.ts";
import { type SceneSettings, usualScenes } from "../../tasks/worlds/world.ts";
import type { Item } from "./benchmark.ts";
import { taskItem } from "./task_items.ts";

/** Held-out scenes of one world, and what they say about its figures. */
export interface WorldSet {
  items: Item[];
  /** Sentences that stand above the table of the set. */
  notes: string[];
}

/**
 * The scenes of a world, as a run has them that trains on it; of another run, or a model of several worlds, as the world's
 * preset has them.
 * @param run    settings of the run or preset that is asked
 * @param named  what was asked for by name, which comes first in either case
 */
export function scenesOf(world: string, run: SceneSettings, named: Partial<SceneSettings>): SceneSettings {
  const isOwn = chosenWorlds(run.worlds).some(({ name }) => name === world);
  const preset: Partial<SceneSettings> = (presetScenes as Record<string, Partial<SceneSettings>>)[world] ?? {};
  return { ...(isOwn ? run : { ...usualScenes, ...preset, ...named }), worlds: world };
}

/** Held-out scenes of one world: they need no data. */
export async function worldItems(world: string, scenes: SceneSettings, seed: number, count: number): Promise<WorldSet> {
  const settings = { ...scenes, worlds: world };
  const level = guessLevel(worldNamed(world), settings, seed);
  const tasks = await generatedScenes(settings, seed).heldOut(count);
  return {
    items: tasks.map((task) =>
      taskItem(task, {
        set: world,
        category: "scenes",
        guess: level.share,
        // A device renders it, where there is one.
        pictures: async () => [renderedPicture(task.id, settings, taskWords(task.id, settings))],
      }),
    ),
    notes: [guessNote(level), ...easyNote(settings)],
  };
}

function guessNote({ answer, share, needZoom, scenes }: GuessLevel): string {
  const guess = `"${answer}", the most frequent of the answers to ${scenes.toLocaleString("en")} scenes, is right in ${share.toFixed(3)}`;
  return needZoom === 0
    ? `No zoom is needed: the scene as it is first seen shows the answer, and the controls take nothing away. ${guess}`
    : `Guessing: ${guess}; without a tool, and with blank or other crops, accuracy should stand there`;
}

const easyNote = ({ legibleShare }: SceneSettings): string[] =>
  legibleShare > 0
    ? [`A share of ${legibleShare} of the scenes is easy (--legible-share), and answered without a zoom as well`]
    : [];
