import type { Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import type { LessonRow } from "../../tasks/lessons/lesson.ts";
import { type Lessons, lessonRow } from "../../tasks/lessons/lessons.ts";
import { scenePictures, taskWords } from "../../tasks/sources/scenes.ts";
import type { SceneSettings } from "../../tasks/worlds/world.ts";

/** The work with pixels that a run hands to other threads, where there are any. */
export const pictureWork = {
  /** The pictures of a generated task, and their model inputs. */
  render(
    id: string,
    settings: Partial<SceneSettings>,
    inputWidthPx: number,
    inputHeightPx: number,
  ): { original: Pixels; modelInput: Pixels }[] {
    return scenePictures(id, settings).map((original) => ({
      original,
      modelInput: resize(original, inputWidthPx, inputHeightPx),
    }));
  },

  /** The pictures of a generated task. */
  originals: scenePictures,

  /** What a device renders the pictures of generated tasks from. */
  words(tasks: readonly { id: string; settings: Partial<SceneSettings> }[]): Uint32Array<ArrayBuffer>[] {
    return tasks.map(({ id, settings }) => taskWords(id, settings));
  },

  resize,

  /** Some rows of a supervised step; `first` is the index of the first one in the step. */
  lessons(lessons: Lessons, kinds: string[], seed: number, step: number, first: number): LessonRow[] {
    return kinds.map((kind, i) => lessonRow(lessons, kind, { seed, step, index: first + i }));
  },
};

export type PictureWork = typeof pictureWork;
