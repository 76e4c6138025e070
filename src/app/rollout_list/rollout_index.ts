import type { Rollout } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { RolloutMark } from "../../train/rollout_mark.ts";
import { bytes, doubles, longs, Names, shorts } from "./columns.ts";
import { type NumberField, type Outcome, outcomes } from "./fields.ts";

/** Characters of texts that are kept to be searched; beyond that, so many of each rollout. */
const mostCharacters = 2 ** 27;
const mostOfOne = 400;

/** Sources, rules, sets of tools: a log may name what it likes. */
const mostNames = 4096;

/** Between the names of a set. */
const comma = "\u0000";

/**
 * What a list of rollouts is searched and sorted by: numbers in columns, about 100 bytes a rollout, and its texts. No tokens: a
 * rollout itself stays in the log. Rows are numbered in the order in which rollouts were added.
 */
export class RolloutIndex {
  readonly numbers: Readonly<Record<NumberField, ReturnType<typeof doubles>>> = {
    step: doubles(),
    task: doubles(),
    rollout: doubles(),
    reward: doubles(),
    advantage: doubles(),
    tokens: doubles(),
    turns: doubles(),
    zooms: doubles(),
    calls: doubles(),
    iou: doubles(),
  };
  readonly outcome = bytes();
  readonly end = shorts();
  readonly ends = new Names(mostNames);
  /** 1 where it continues another rollout, which `continued` names by its id. */
  readonly from = bytes();
  readonly continued = new Map<string, string>();
  readonly source = shorts();
  readonly sources = new Names(mostNames);
  readonly by = shorts();
  readonly rules = new Names(mostNames);
  /** Which tools were called, and with what outcomes: sets, by their names. */
  readonly called = shorts();
  readonly toolSets = new Names(mostNames);
  readonly fault = shorts();
  readonly faultSets = new Names(mostNames);
  /** Index into `tasks`. */
  readonly task = longs();
  readonly tasks: Task[] = [];
  readonly ids: string[] = [];
  readonly answers: (string | null)[] = [];
  /** What the model wrote and read behind the prompt; "" where the log does not have it as text. */
  readonly responses: string[] = [];
  /** What a person says, by id. */
  readonly marks = new Map<string, RolloutMark>();
  /** Rollouts whose text is not searched as a whole. */
  shortenedTexts = 0;
  /** Those whose response the log has as tokens alone, as logs of early runs do. */
  missingTexts = 0;
  #characters = 0;
  #stepTasks: { step: number; first: number; count: number } = { step: -1, first: 0, count: 0 };
  #rowOf: { size: number; rows: Map<string, number> } | null = null;

  get size(): number {
    return this.ids.length;
  }

  /** Takes what a list needs of an event of a run, in the order of its log. */
  receive(event: TrainEvent): void {
    if (event.type === "run" && event.resumedAt > 0) this.cut(event.resumedAt);
    else if (event.type === "run") this.cut(0);
    else if (event.type === "tasks") this.#addTasks(event.step, event.tasks, event.more ?? false);
    else if (event.type === "group") this.#addGroup(event.step, event.taskIndex, event.rollouts);
    else if (event.type === "mark") this.mark(event.mark);
  }

  /** What a person says of a rollout; nothing said: it has no mark. */
  mark(mark: RolloutMark): void {
    if (mark.note === "" && mark.tags.length === 0 && !mark.judgeWrong) this.marks.delete(mark.rollout);
    else this.marks.set(mark.rollout, mark);
  }

  /** The row of a rollout, null where there is none. */
  rowOf(id: string): number | null {
    if (this.#rowOf?.size !== this.size)
      this.#rowOf = { size: this.size, rows: new Map(this.ids.map((one, row) => [one, row])) };
    return this.#rowOf.rows.get(id) ?? null;
  }

  taskOf(row: number): Task {
    return this.tasks[this.task.values[row]!]!;
  }

  outcomeOf(row: number): Outcome {
    return outcomes[this.outcome.values[row]!]!;
  }

  /** Rollouts of later steps go: a run that goes on makes them again. */
  cut(step: number): void {
    const rows: number[] = [];
    for (let row = 0; row < this.size; row++) if (this.numbers.step.values[row]! <= step) rows.push(row);
    if (rows.length === this.size) return;
    const kept = Uint32Array.from(rows);
    for (const column of Object.values(this.numbers)) column.keep(kept);
    for (const column of [this.outcome, this.end, this.from, this.source, this.by, this.called, this.fault, this.task])
      column.keep(kept);
    for (const list of [this.ids, this.answers, this.responses]) {
      for (const [at, row] of rows.entries()) list[at] = list[row]!;
      list.length = rows.length;
    }
    this.#rowOf = null;
    this.#stepTasks = { step: -1, first: 0, count: 0 };
  }

  #addTasks(step: number, tasks: readonly Task[], more: boolean): void {
    const before = this.#stepTasks;
    if (!more || before.step !== step) this.#stepTasks = { step, first: this.tasks.length, count: 0 };
    for (const task of tasks) this.tasks.push(task);
    this.#stepTasks.count += tasks.length;
  }

  #addGroup(step: number, taskIndex: number, rollouts: readonly Rollout[]): void {
    const { step: ofTasks, first, count } = this.#stepTasks;
    // A log that was shortened may lack the tasks of a step: nothing can be shown of such a group.
    if (ofTasks !== step || taskIndex >= count) return;
    const task = first + taskIndex;
    for (const rollout of rollouts) this.#add(step, task, rollout);
  }

  #add(step: number, task: number, rollout: Rollout): void {
    const { reward, advantage, segments, calls } = rollout;
    let tokens = 0;
    let turns = 0;
    for (const segment of segments) {
      if (segment.source !== "model") continue;
      tokens += segment.tokenCount ?? segment.tokens.length;
      turns++;
    }
    let zooms = 0;
    let iou = Number.NaN;
    for (const call of calls) {
      if (call.outcome === "ok") zooms++;
      if (call.iou !== undefined && !(call.iou <= iou)) iou = call.iou;
    }
    const { numbers } = this;
    numbers.step.push(step);
    numbers.task.push(rollout.taskIndex + 1);
    numbers.rollout.push(rollout.rolloutIndex + 1);
    numbers.reward.push(reward?.total ?? Number.NaN);
    numbers.advantage.push(advantage ?? Number.NaN);
    numbers.tokens.push(tokens);
    numbers.turns.push(turns);
    numbers.zooms.push(zooms);
    numbers.calls.push(calls.length);
    numbers.iou.push(iou);
    this.outcome.push(outcomes.indexOf(outcomeOf(rollout)));
    this.end.push(this.ends.codeOf(rollout.end));
    this.from.push(rollout.continues ? 1 : 0);
    if (rollout.continues) this.continued.set(rollout.id, rollout.continues.rollout);
    else this.continued.delete(rollout.id);
    const { dataSource, source } = this.tasks[task]!;
    this.source.push(this.sources.codeOf(dataSource ?? source));
    this.by.push(this.rules.codeOf(reward?.verdict ?? ""));
    this.called.push(this.toolSets.codeOf(setOf(calls.map(({ name }) => name))));
    this.fault.push(this.faultSets.codeOf(setOf(calls.map(({ outcome }) => outcome))));
    this.task.push(task);
    this.ids.push(rollout.id);
    this.answers.push(rollout.answer === null ? null : this.#kept(rollout.answer));
    const response = responseOf(rollout);
    if (response === "" && turns > 0) this.missingTexts++;
    this.responses.push(this.#kept(response));
  }

  /** A text to be searched, cut where there are too many of them. */
  #kept(text: string): string {
    this.#characters += text.length;
    if (this.#characters <= mostCharacters || text.length <= mostOfOne) return text;
    this.#characters += mostOfOne - text.length;
    this.shortenedTexts++;
    return text.slice(0, mostOfOne);
  }
}

/** The names of a set, as `Names` has it. */
export const namesOf = (set: string): string[] => (set === "" ? [] : set.split(comma));

const setOf = (names: readonly string[]): string =>
  names.length === 0 ? "" : names.length === 1 ? names[0]! : [...new Set(names)].sort().join(comma);

/** How a rollout came out, as its letter and colour say it. */
export function outcomeOf({ reward, end, unjudged }: Rollout): Outcome {
  if (end === "error") return "failed";
  if (!reward || unjudged !== undefined) return "unjudged";
  if (end !== "answer") return "format";
  return reward.right ? "right" : "wrong";
}

/** Texts of rollouts from elsewhere stand by their tokens. */
function responseOf({ response, segments }: Rollout): string {
  if (response) return response.plain;
  const texts: string[] = [];
  for (const { source, texts: own } of segments) if (source === "model" && own) texts.push(own.join(""));
  return texts.join("\n");
}
