import type { Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import { type LessonKind, type LessonRow, type Lessons, lessonRow } from "../../tasks/scenes/lessons.ts";
import { type NeedleSettings, needlePictures, needleWords } from "../../tasks/sources/needle.ts";

/** The work with pixels that a run hands to other threads, where there are any. */
export const pictureWork = {
  /** The pictures of a generated task, and their model inputs. */
  render(
    id: string,
    settings: NeedleSettings,
    inputWidthPx: number,
    inputHeightPx: number,
  ): { original: Pixels; modelInput: Pixels }[] {
    return needlePictures(id, settings).map((original) => ({
      original,
      modelInput: resize(original, inputWidthPx, inputHeightPx),
    }));
  },

  /** The pictures of a generated task. */
  originals: needlePictures,

  /** What a device renders the pictures of generated tasks from. */
  words(tasks: readonly { id: string; settings: NeedleSettings }[]): Uint32Array<ArrayBuffer>[] {
    return tasks.map(({ id, settings }) => needleWords(id, settings));
  },

  resize,

  /** Some rows of a supervised step; `first` is the index of the first one in the step. */
  lessons(lessons: Lessons, kinds: LessonKind[], seed: number, step: number, first: number): LessonRow[] {
    return kinds.map((kind, i) => lessonRow(lessons, kind, { seed, step, index: first + i }));
  },
};

export type PictureWork = typeof pictureWork;
