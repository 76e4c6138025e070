import type { ChoiceField } from "../../rollout_list/fields.ts";
import type { ListRow } from "../../rollout_list/list_row.ts";
import { shortened } from "../labels/numbers.ts";

const letters = { right: "A", wrong: "W", format: "F", unjudged: "?", failed: "?" } as const;

/** As the groups of a step have it (labels/verdict.ts). */
export const outcomeLetter = ({ outcome }: ListRow): string => letters[outcome];

export function outcomeColour({ outcome, zooms }: ListRow): string {
  if (outcome === "right") return zooms > 0 ? "--tool" : "--answer";
  return { wrong: "--bad", format: "--format", unjudged: "--faint", failed: "--faint" }[outcome];
}

export function outcomeLabel({ outcome, zooms }: ListRow): string {
  if (outcome === "right") return zooms > 0 ? "right, with a tool" : "right, without a tool";
  return valueLabel("is", outcome);
}

/** What was answered and what was expected. */
export function answerText({ answer, expected, end, outcome }: ListRow): string {
  if (answer === null) return `no answer: ${valueLabel("end", end)} · expected ${shortened(expected, 80)}`;
  return outcome === "right"
    ? `answered ${shortened(answer, 120)}`
    : `answered ${shortened(answer, 80)} · expected ${shortened(expected, 80)}`;
}

const labels: Partial<Record<ChoiceField, Readonly<Record<string, string>>>> = {
  is: { right: "right", wrong: "wrong", format: "format broken", unjudged: "no verdict", failed: "failed, left out" },
  tool: { used: "zoomed", unused: "did not zoom" },
  end: {
    answer: "answered",
    malformed: "malformed turn",
    length: "out of tokens",
    turns: "out of turns",
    error: "failed",
  },
  from: { prompt: "the prompt", rollout: "another’s thought" },
  has: { note: "has a note", tag: "has a tag", disagreement: "the judge is wrong" },
};

/** A value of a field, for people. */
export const valueLabel = (field: ChoiceField, value: string): string =>
  labels[field]?.[value] ?? (value === "" ? "none" : shortened(value, 60));
