import { nearest } from "../../train/config.ts";

/** What a rollout has one of, or several, of a set of names; a filter asks for some of them. */
export const choiceFields = ["is", "tool", "end", "from", "source", "called", "fault", "by", "has", "tag"] as const;
export type ChoiceField = (typeof choiceFields)[number];

/** What a rollout has a number of; a filter asks for a range, and a list is sorted by them. */
export const numberFields = [
  "step",
  "task",
  "rollout",
  "reward",
  "advantage",
  "tokens",
  "turns",
  "zooms",
  "calls",
  "iou",
] as const;
export type NumberField = (typeof numberFields)[number];

/** Where a text of a filter may be looked for alone. */
export const textFields = ["question", "answer", "response"] as const;
export type TextField = (typeof textFields)[number];

/** How an answer came out. */
export const outcomes = ["right", "wrong", "format", "unjudged", "failed"] as const;
export type Outcome = (typeof outcomes)[number];

/** How rollouts end, and what marks they may have; the values of the other fields are those of the run. */
export const knownValues: Partial<Record<ChoiceField, readonly string[]>> = {
  is: outcomes,
  tool: ["used", "unused"],
  end: ["answer", "malformed", "length", "turns", "error"],
  from: ["prompt", "rollout"],
  has: ["note", "tag", "disagreement"],
};

/** In words, for people: headings of facets and of help. */
export const fieldLabels: Readonly<Record<ChoiceField | NumberField | TextField, string>> = {
  is: "Outcome",
  tool: "Tool",
  end: "Stop reason",
  from: "Sampled from",
  source: "Source",
  called: "Tool called",
  fault: "A call’s outcome",
  by: "Decided by",
  has: "Marked",
  tag: "Tag",
  step: "Step",
  task: "Task of its step",
  rollout: "Rollout of its task",
  reward: "Reward",
  advantage: "Advantage",
  tokens: "Tokens",
  turns: "Turns",
  zooms: "Zooms",
  calls: "Calls",
  iou: "Best IoU",
  question: "In the question",
  answer: "In the answer",
  response: "In the response",
};

const all: readonly string[] = [...choiceFields, ...numberFields, ...textFields];

export const isChoice = (name: string): name is ChoiceField => (choiceFields as readonly string[]).includes(name);
export const isNumber = (name: string): name is NumberField => (numberFields as readonly string[]).includes(name);
export const isText = (name: string): name is TextField => (textFields as readonly string[]).includes(name);

/** The field whose name is most like it. */
export const nearestField = (name: string): string => nearest(name, all);

/** What a list is sorted by: a number, upwards, or downwards with "-" before it. Null: in the order of the run. */
export interface Sorting {
  field: NumberField;
  down: boolean;
}

/** Reads "reward", "-advantage". @throws Error with one sentence */
export function parseSorting(text: string): Sorting | null {
  if (text === "") return null;
  const field = text.replace(/^-/, "");
  if (isNumber(field)) return { field, down: text.startsWith("-") };
  throw new Error(
    `Rollouts cannot be sorted by "${text.slice(0, 40)}"; did you mean "${nearest(field, numberFields)}"? ("-" before it: from the most to the least)`,
  );
}

export const sortingText = (sorting: Sorting | null): string =>
  sorting === null ? "" : `${sorting.down ? "-" : ""}${sorting.field}`;
