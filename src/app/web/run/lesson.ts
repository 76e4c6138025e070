import { nearest } from "../../../train/config.ts";
import { knobs } from "../../../train/knobs.ts";
import { parts } from "../labels/parts.ts";

/** What of the page a link hides, so that a lesson shows what it is about. Names of `parts` and of knobs. */
export interface Lesson {
  hide: readonly string[];
  /** Where it is not empty: everything else is hidden. */
  only: readonly string[];
}

export const wholePage: Lesson = { hide: [], only: [] };

export const isWhole = ({ hide, only }: Lesson): boolean => hide.length === 0 && only.length === 0;

/** The part names of an address, "memory.seed"; commas are read too. @throws Error for one that is no part of the page */
export function readParts(key: string, value: string): string[] {
  const names = value.split(/[.,]/).filter((name) => name !== "");
  if (names.length === 0) throw new Error(`${key} must name parts of the page with dots between them, found none`);
  for (const name of names)
    if (!Object.hasOwn(parts, name) && !Object.hasOwn(knobs, name))
      throw new Error(`there is no part "${name.slice(0, 40)}" to ${key === "only" ? "show" : "hide"}; ${meant(name)}`);
  return [...new Set(names)];
}

const meant = (name: string): string =>
  `did you mean "${nearest(name, [...Object.keys(parts), ...Object.keys(knobs)])}"?`;

/** CSS that hides what a lesson leaves out, and closes the gap of a hidden column; parts are marked by `data-part`. */
export function lessonRules({ hide, only }: Lesson): string {
  const listOf = (names: readonly string[]): string => names.map((name) => `[data-part="${name}"]`).join(", ");
  const hidden: string[] = [];
  if (hide.length > 0) hidden.push(`:is(${listOf(hide)})`);
  // What holds a part that is shown, or stands in one, stays.
  if (only.length > 0) {
    const shown = listOf(only);
    hidden.push(`[data-part]:not(${shown}):not(:has(${shown})):not(:is(${shown}) *)`);
  }
  if (hidden.length === 0) return "";
  const column = `main.train:has(> ${hidden.join(", > ")})`;
  return [
    `${hidden.join(", ")} { display: none !important; }`,
    `${column} { grid-template: auto / repeat(auto-fit, minmax(min(320px, 100%), 1fr)) !important; }`,
    `${column} > * { grid-area: auto !important; }`,
  ].join("\n");
}
