import { type ChoiceField, choiceFields, type NumberField, numberFields, outcomes, type Sorting } from "./fields.ts";
import type { ChoiceTerm, Query, TextTerm } from "./query.ts";
import { namesOf, type RolloutIndex } from "./rollout_index.ts";

/** How many rollouts have a value, of those that all other fields of the filter let through. */
export interface FacetValue {
  value: string;
  count: number;
}

/** The least and the most of a field among all rollouts; null where none has a number. */
export type Extent = { least: number; most: number } | null;

/** What a filter found. */
export interface Found {
  /** Rows of the index, in the order of the list. */
  rows: Uint32Array;
  facets: Record<ChoiceField, FacetValue[]>;
  extents: Record<NumberField, Extent>;
}

/** Values of a field that are listed, the most frequent first. */
const mostValues = 60;

/** What rows have of a choice field: a number for each row, and the names that the number stands for. */
interface Coded {
  codes: ArrayLike<number>;
  names: readonly (readonly string[])[];
}

/**
 * The rollouts that a filter lets through. A row is looked at once for each term; texts come last, and only where
 * the rest lets a row through or one field alone does not, which its facet counts.
 */
export function find(index: RolloutIndex, query: Query, sorting: Sorting | null): Found {
  const { size } = index;
  const coded = codedFields(index);
  /** How many fields do not let a row through, and which did last: 1 and up for choices, `other` for all else. */
  const failures = new Uint8Array(size);
  const failed = new Uint8Array(size);
  const fail = (row: number, by: number): void => {
    if (failures[row] === 0 || failed[row] !== by) failures[row]!++;
    failed[row] = by;
  };
  for (const { field, least, most, leastOpen, mostOpen, negated } of query.ranges) {
    const { values } = index.numbers[field];
    for (let row = 0; row < size; row++) {
      const value = values[row]!;
      const within = (leastOpen ? value > least : value >= least) && (mostOpen ? value < most : value <= most);
      if (within === negated) fail(row, other);
    }
  }
  for (const [at, field] of choiceFields.entries()) {
    for (const term of query.choices) {
      if (term.field !== field) continue;
      const { codes, names } = coded[field];
      const passes = names.map((own) => fits(own, term));
      // What is denied is no value that another could be chosen beside.
      const by = term.negated ? other : at + 1;
      for (let row = 0; row < size; row++) if (!passes[codes[row]!]) fail(row, by);
    }
  }
  for (const term of query.texts) {
    const has = searched(index, term);
    for (let row = 0; row < size; row++)
      if ((failures[row] === 0 || (failures[row] === 1 && failed[row] !== other)) && has(row) === term.negated)
        fail(row, other);
  }
  return {
    rows: sorted(index, rowsWithout(failures), sorting),
    facets: counted(coded, failures, failed),
    extents: extentsOf(index),
  };
}

const other = 255;

const fits = (own: readonly string[], { values, negated }: ChoiceTerm): boolean =>
  own.some((name) => values.includes(name)) !== negated;

function codedFields(index: RolloutIndex): Record<ChoiceField, Coded> {
  const single = (names: readonly string[]) => names.map((name) => (name === "" ? [] : [name]));
  const of = ({ values }: { values: ArrayLike<number> }, names: Coded["names"]): Coded => ({ codes: values, names });
  const zooms = index.numbers.zooms.values;
  const zoomed = new Uint8Array(index.size);
  for (let row = 0; row < zoomed.length; row++) if (zooms[row]! > 0) zoomed[row] = 1;
  const { codes, tags, has } = markCodes(index);
  return {
    is: of(index.outcome, single(outcomes)),
    tool: { codes: zoomed, names: [["unused"], ["used"]] },
    end: of(index.end, single(index.ends.list)),
    from: of(index.from, [["prompt"], ["rollout"]]),
    source: of(index.source, single(index.sources.list)),
    called: of(index.called, index.toolSets.list.map(namesOf)),
    fault: of(index.fault, index.faultSets.list.map(namesOf)),
    by: of(index.by, single(index.rules.list)),
    has: { codes, names: has },
    tag: { codes, names: tags },
  };
}

/** Few rollouts have a mark: each of these has a number of its own, all others 0. */
function markCodes(index: RolloutIndex): { codes: Uint32Array; tags: string[][]; has: string[][] } {
  const codes = new Uint32Array(index.size);
  const tags: string[][] = [[]];
  const has: string[][] = [[]];
  for (const [id, mark] of index.marks) {
    const row = index.rowOf(id);
    if (row === null) continue;
    codes[row] = tags.length;
    tags.push([...mark.tags]);
    has.push([
      ...(mark.note === "" ? [] : ["note"]),
      ...(mark.tags.length === 0 ? [] : ["tag"]),
      ...(mark.judgeWrong ? ["disagreement"] : []),
    ]);
  }
  return { codes, tags, has };
}

/** Whether rows have a text; of a task's question and answer it is looked up once. */
function searched(index: RolloutIndex, { text, within }: TextTerm): (row: number) => boolean {
  const pattern = new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replace(/\s+/g, "\\s+"), "i");
  const inQuestion = within === null || within === "question";
  const inAnswer = within === null || within === "answer";
  const inResponse = within === null || within === "response";
  const { answers, responses, marks, ids } = index;
  const tasks = new Uint8Array(index.tasks.length);
  if (within !== "response")
    for (const [at, { question, answer }] of index.tasks.entries())
      if ((inQuestion && pattern.test(question)) || (inAnswer && pattern.test(answer))) tasks[at] = 1;
  const noted = new Set<string>();
  if (within === null) for (const [id, { note }] of marks) if (pattern.test(note)) noted.add(id);
  const taskOf = index.task.values;
  return (row) =>
    tasks[taskOf[row]!] === 1 ||
    (inResponse && pattern.test(responses[row]!)) ||
    (inAnswer && answers[row] !== null && pattern.test(answers[row]!)) ||
    (noted.size > 0 && noted.has(ids[row]!));
}

function rowsWithout(failures: Uint8Array): Uint32Array {
  let count = 0;
  for (const failure of failures) if (failure === 0) count++;
  const rows = new Uint32Array(count);
  let at = 0;
  for (let row = 0; row < failures.length; row++) if (failures[row] === 0) rows[at++] = row;
  return rows;
}

/** By a number, those without one last; where it is the same, and without one, in the order of the run. */
function sorted(index: RolloutIndex, rows: Uint32Array, sorting: Sorting | null): Uint32Array {
  const { step, task, rollout } = index.numbers;
  const inOrder = (a: number, b: number): number =>
    step.values[a]! - step.values[b]! || task.values[a]! - task.values[b]! || rollout.values[a]! - rollout.values[b]!;
  const isInOrder = rows.every((row, at) => at === 0 || inOrder(rows[at - 1]!, row) <= 0);
  if (!isInOrder) rows.sort(inOrder);
  if (sorting === null) return rows;
  const { values } = index.numbers[sorting.field];
  const places = new Float64Array(index.size);
  for (const [at, row] of rows.entries()) places[row] = at;
  const way = sorting.down ? -1 : 1;
  return rows.sort((a, b) => {
    const x = values[a]!;
    const y = values[b]!;
    if (x === y) return places[a]! - places[b]!;
    const difference = x - y;
    if (!Number.isNaN(difference)) return difference * way;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || places[a]! - places[b]!;
  });
}

function counted(
  coded: Record<ChoiceField, Coded>,
  failures: Uint8Array,
  failed: Uint8Array,
): Record<ChoiceField, FacetValue[]> {
  const facets = {} as Record<ChoiceField, FacetValue[]>;
  for (const [at, field] of choiceFields.entries()) {
    const { codes, names } = coded[field];
    const byCode = new Uint32Array(names.length);
    for (let row = 0; row < failures.length; row++)
      if (failures[row] === 0 || (failures[row] === 1 && failed[row] === at + 1)) byCode[codes[row]!]!++;
    const counts = new Map<string, number>();
    for (const [number, own] of names.entries())
      for (const name of own) counts.set(name, (counts.get(name) ?? 0) + byCode[number]!);
    facets[field] = [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, mostValues);
  }
  return facets;
}

function extentsOf(index: RolloutIndex): Record<NumberField, Extent> {
  const extents = {} as Record<NumberField, Extent>;
  for (const field of numberFields) {
    const { values } = index.numbers[field];
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < index.size; row++) {
      const value = values[row]!;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    extents[field] = least <= most ? { least, most } : null;
  }
  return extents;
}
