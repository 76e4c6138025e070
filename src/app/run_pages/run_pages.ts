import type { NamedBytes, Platform } from "../../platform.ts";
import type { Task } from "../../tasks/task.ts";
import type { TrainEvent } from "../../train/events.ts";
import { PictureWriter } from "../rollout_page/page_pictures.ts";
import { type PageRollout, rolloutPage } from "../rollout_page/rollout_page.ts";
import { shippedView, taskPictures } from "../rollout_page/task_pictures.ts";
import { indexPage, type PagedStep } from "./index_page.ts";

/** What pages of a run are made from. */
export interface PagesSource {
  name: string;
  /** Of its log, from the beginning each time. */
  events(): AsyncIterable<TrainEvent>;
  /** The text of a token; of another program's log it is not asked. */
  textOf(token: number): string;
  platform: Platform;
  /** Called with each step whose page is done. */
  progress?(done: number, of: number): void;
}

/** Steps with a page of their rollouts, spread over the run, and rollouts on one: more are slow to make and to open. */
const mostSteps = 8;
const mostRollouts = 32;

type Head = Extract<TrainEvent, { type: "run" }>;

/**
 * A run as pages that need nothing but a browser: an index with settings, curves and results, and pages of rollouts with
 * their pictures. No script, no request; they open from a disk, an archive or any server.
 * @throws Error with one sentence where the log has no head
 */
export async function* runPages(source: PagesSource): AsyncGenerator<NamedBytes> {
  const { name, events, progress = () => {} } = source;
  const seen = await lookThrough(events());
  const { head } = seen;
  if (!head) throw new Error(`The log of ${name} is empty; there is nothing to show`);
  const chosen = spread([...seen.rollouts.keys()], mostSteps);
  const steps: PagedStep[] = [];
  const pageOf = pageMaker(source, head);
  for await (const { step, groups } of stepsIn(events(), new Set(chosen))) {
    const file = `steps/${step}.html`;
    const { text, shown } = await pageOf(step, groups);
    steps.push({ step, file, rollouts: seen.rollouts.get(step) ?? 0, shown });
    yield { name: file, bytes: new TextEncoder().encode(text) };
    progress(steps.length, chosen.length);
  }
  const text = indexPage({
    name,
    head,
    updates: seen.updates,
    evals: seen.evals,
    steps,
    stepsWithRollouts: seen.rollouts.size,
  });
  yield { name: "index.html", bytes: new TextEncoder().encode(text) };
}

/** What an index needs, and how many rollouts each step has. A run that was gone on with made some steps twice: the later count. */
async function lookThrough(events: AsyncIterable<TrainEvent>) {
  let head: Head | null = null;
  const updates = new Map<number, Extract<TrainEvent, { type: "update" }>>();
  const evals: Extract<TrainEvent, { type: "eval" }>[] = [];
  const rollouts = new Map<number, number>();
  for await (const event of events) {
    if (event.type === "run") head = event;
    if (event.type === "tasks" && !event.more) rollouts.delete(event.step);
    if (event.type === "group") rollouts.set(event.step, (rollouts.get(event.step) ?? 0) + event.rollouts.length);
    if (event.type === "update") updates.set(event.step, event);
    if (event.type === "eval") evals.push(event);
  }
  return { head: head as Head | null, updates: [...updates.values()], evals, rollouts };
}

interface StepGroups {
  step: number;
  groups: { task: Task; rollouts: Extract<TrainEvent, { type: "group" }>["rollouts"] }[];
}

/** The rollouts of some steps, each once it is whole. */
async function* stepsIn(events: AsyncIterable<TrainEvent>, wanted: ReadonlySet<number>): AsyncGenerator<StepGroups> {
  let open: StepGroups | null = null;
  let tasks: Task[] = [];
  const done = new Map<number, StepGroups>();
  for await (const event of events) {
    if (event.type === "tasks") {
      tasks = event.more ? [...tasks, ...event.tasks] : event.tasks;
      if (!event.more) open = wanted.has(event.step) ? { step: event.step, groups: [] } : null;
      if (open) done.set(open.step, open);
    }
    const task = event.type === "group" && open?.step === event.step ? tasks[event.taskIndex] : undefined;
    if (task && event.type === "group") open!.groups.push({ task, rollouts: event.rollouts });
  }
  yield* [...done.values()].sort((a, b) => a.step - b.step);
}

function pageMaker({ name, textOf, platform }: PagesSource, head: Head) {
  const view = head.model.view ?? shippedView;
  const picturesOf = taskPictures(head.config, platform, view);
  const writer = new PictureWriter(view, { crop: head.config.crop });
  return async (step: number, groups: StepGroups["groups"]): Promise<{ text: string; shown: number }> => {
    const pages: PageRollout[] = [];
    for (const { task, rollouts } of groups) {
      if (pages.length >= mostRollouts) break;
      const { pictures, missing } = await picturesOf(task);
      for (const rollout of rollouts.slice(0, mostRollouts - pages.length))
        pages.push({
          rollout,
          task,
          pictures: await writer.of(rollout, pictures, missing),
          textOf,
          parent: null,
          change: null,
        });
    }
    const facts: [string, string][] = [
      ["run", name],
      ["model", head.model.name],
      ["step", String(step)],
    ];
    const back = { href: "../index.html", text: `All of ${name}` };
    return { text: rolloutPage({ title: `Step ${step} of ${name}`, facts, back }, pages), shown: pages.length };
  };
}

/** The first, the last, and others between them. */
function spread(steps: readonly number[], most: number): number[] {
  if (steps.length <= most) return [...steps];
  const apart = (steps.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => steps[Math.round(i * apart)]!);
}
