import type { LessonPlace, LessonRow } from "./lesson.ts";
import { type LessonKind, type NeedleLessons, needleLessonRow } from "./needle_lessons.ts";
import { type WorldLessons, worldLessonRow } from "./world_lessons.ts";

/** One supervised stage. */
export type Lessons = NeedleLessons | WorldLessons;

/** One row of a kind; the same place always gives the same row. */
export const lessonRow = (lessons: Lessons, kind: string, place: LessonPlace): LessonRow =>
  "scenes" in lessons ? worldLessonRow(lessons, kind, place) : needleLessonRow(lessons, kind as LessonKind, place);
