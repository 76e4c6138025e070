import type { Rollout } from "../../../agent/rollout.ts";
import type { TokenTexts } from "../../../interop/logs/rollout_texts.ts";
import type { Task } from "../../../tasks/task.ts";
import type { TrainEvent } from "../../../train/events.ts";
import { PictureWriter } from "../../rollout_page/page_pictures.ts";
import { type PageRollout, rolloutPage } from "../../rollout_page/rollout_page.ts";
import { shippedView, taskPictures } from "../../rollout_page/task_pictures.ts";
import type { CommandContext } from "../command_line/command_context.ts";

type Head = Extract<TrainEvent, { type: "run" }>;

/** Rollouts in one file; a browser has a hard time with more. */
const mostRollouts = 64;

/**
 * Rollouts of a log as one HTML file.
 * @param wanted `STEP.TASK.ROLLOUT`, tasks and rollouts counted from 0 as in the log's ids; a shorter one names all of a
 *               task, or of a step
 * @throws Error with one sentence where there are none, or too many
 */
export async function htmlOfLog(
  events: AsyncIterable<TrainEvent>,
  wanted: string,
  { tokenizer, name }: { tokenizer: TokenTexts; name: string },
  context: CommandContext,
): Promise<{ file: string; text: string; rollouts: number }> {
  if (!/^\d+(\.\d+){0,2}$/.test(wanted))
    throw new Error(`--rollout must be STEP.TASK.ROLLOUT, such as 12.3.2, or STEP.TASK or STEP; found "${wanted}"`);
  const { head, found, steps, ids } = await rolloutsIn(events, wanted);
  if (!head || found.length === 0)
    throw new Error(`The log of ${name} has no rollout ${wanted}; ${kept(steps, ids, wanted)}`);
  if (found.length > mostRollouts)
    throw new Error(
      `--rollout ${wanted} names ${found.length} rollouts, and a file holds ${mostRollouts}; name one task: ${wanted}.0`,
    );
  const view = head.model.view ?? shippedView;
  const { config } = head;
  const picturesOf = taskPictures(config, await context.openPlatform(false), view);
  const writer = new PictureWriter(view, { crop: config.crop });
  const pages: PageRollout[] = [];
  const ofTask = new Map<Task, ReturnType<typeof picturesOf>>();
  for (const { rollout, task } of found) {
    const asked = ofTask.get(task) ?? picturesOf(task);
    ofTask.set(task, asked);
    const { pictures, missing } = await asked;
    pages.push({
      rollout,
      task,
      pictures: await writer.of(rollout, pictures, missing),
      textOf: (token) => tokenizer.texts([token])[0] ?? "",
      parent: null,
      change: null,
    });
  }
  const facts: [string, string][] = [
    ["run", name],
    ["model", head.model.name],
    ["device", head.adapter],
    ["seed", String(config.seed)],
    ["run begun", head.startedAt],
  ];
  const text = rolloutPage({ title: `Rollouts ${wanted} of ${name}`, facts }, pages);
  return { file: `rollout-${wanted}.html`, text, rollouts: pages.length };
}

async function rolloutsIn(events: AsyncIterable<TrainEvent>, wanted: string) {
  let head: Head | null = null;
  let tasks: { step: number; tasks: Task[] } = { step: -1, tasks: [] };
  const steps = new Set<number>();
  // Ids of early logs count steps from 0.
  const [ofStep] = wanted.split(".");
  /** Of the step that is wanted. */
  const ids = new Set<string>();
  // A run that was gone on with has made some steps twice: the later ones count.
  const byId = new Map<string, { rollout: Rollout; task: Task }>();
  for await (const event of events) {
    if (event.type === "run") head = event;
    if (event.type === "tasks") {
      const more = event.more && tasks.step === event.step;
      tasks = { step: event.step, tasks: more ? [...tasks.tasks, ...event.tasks] : event.tasks };
    }
    if (event.type !== "group") continue;
    steps.add(event.step);
    const task = tasks.step === event.step ? tasks.tasks[event.taskIndex] : undefined;
    for (const rollout of event.rollouts) {
      const id = rollout.id.replaceAll("·", ".");
      if (id.startsWith(`${ofStep}.`)) ids.add(id);
      if (task && (id === wanted || id.startsWith(`${wanted}.`))) byId.set(id, { rollout, task });
    }
  }
  return { head, found: [...byId.values()], steps: [...steps], ids: [...ids] };
}

/** @param ids  of the rollouts of the step that is wanted, where it has some */
function kept(steps: readonly number[], ids: readonly string[], wanted: string): string {
  if (steps.length === 0) return "it holds no rollouts";
  if (ids.length > 0)
    return `step ${wanted.split(".")[0]} has ${ids.length > 1 ? `${ids[0]} to ${ids.at(-1)}` : ids[0]}, tasks and rollouts being counted from 0`;
  const list = steps.slice(0, 20).join(", ");
  return `it holds those of step${steps.length === 1 ? "" : "s"} ${list}${steps.length > 20 ? ` and ${steps.length - 20} more` : ""}`;
}
