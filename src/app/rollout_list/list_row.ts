import type { End } from "../../agent/rollout.ts";
import type { RolloutMark } from "../../train/rollout_mark.ts";
import type { Outcome } from "./fields.ts";
import type { Query } from "./query.ts";
import type { RolloutIndex } from "./rollout_index.ts";

/** A rollout as a list shows it; numbers that it does not have are null. */
export interface ListRow {
  id: string;
  step: number;
  taskIndex: number;
  rolloutIndex: number;
  outcome: Outcome;
  end: End;
  question: string;
  expected: string;
  answer: string | null;
  reward: number | null;
  advantage: number | null;
  tokens: number;
  turns: number;
  zooms: number;
  calls: number;
  iou: number | null;
  source: string;
  /** Id of the rollout that it continues. */
  continues: string | null;
  /** Where the searched text stands in the response. */
  excerpt: { before: string; found: string; after: string } | null;
  mark: RolloutMark | null;
}

const mostCharacters = 160;
const beforeFound = 24;
const afterFound = 120;

/** A row of an index, as a list of what a filter found shows it. */
export function listRow(index: RolloutIndex, row: number, query: Query): ListRow {
  const number = (field: keyof RolloutIndex["numbers"]): number => index.numbers[field].values[row]!;
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const { question, answer: expected } = index.taskOf(row);
  const answer = index.answers[row]!;
  return {
    id: index.ids[row]!,
    step: number("step"),
    taskIndex: number("task") - 1,
    rolloutIndex: number("rollout") - 1,
    outcome: index.outcomeOf(row),
    end: index.ends.list[index.end.values[row]!] as End,
    question: question.slice(0, mostCharacters),
    expected: expected.slice(0, mostCharacters),
    answer: answer?.slice(0, mostCharacters) ?? null,
    reward: known(number("reward")),
    advantage: known(number("advantage")),
    tokens: number("tokens"),
    turns: number("turns"),
    zooms: number("zooms"),
    calls: number("calls"),
    iou: known(number("iou")),
    source: index.sources.list[index.source.values[row]!]!.slice(0, mostCharacters),
    continues: index.continued.get(index.ids[row]!) ?? null,
    excerpt: excerptOf(index.responses[row]!, query),
    mark: index.marks.get(index.ids[row]!) ?? null,
  };
}

/** The first of the searched texts in a response, with what stands around it. */
function excerptOf(response: string, { texts }: Query): ListRow["excerpt"] {
  for (const { text, within, negated } of texts) {
    if (negated || (within !== null && within !== "response")) continue;
    const at = response.toLowerCase().indexOf(text.toLowerCase());
    if (at < 0) continue;
    const end = at + text.length;
    return {
      before: (at > beforeFound ? "…" : "") + response.slice(Math.max(0, at - beforeFound), at),
      found: response.slice(at, end),
      after: response.slice(end, end + afterFound),
    };
  }
  return null;
}
