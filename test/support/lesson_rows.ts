import { type LessonRow, lessonKinds } from "../../src/tasks/lessons/lesson.ts";
import { type Lessons, lessonRow } from "../../src/tasks/lessons/lessons.ts";

/** The rows of one supervised step, as a run's threads make them part by part. */
export const lessonRows = (lessons: Lessons, seed: number, step: number, rows: number): LessonRow[] =>
  lessonKinds(lessons.mix, rows).map((kind, index) => lessonRow(lessons, kind, { seed, step, index }));
