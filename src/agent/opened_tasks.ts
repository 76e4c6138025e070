import type { Conversations, Prompt } from "../policy/policy.ts";
import type { Task } from "../tasks/task.ts";
import { elapsing, onHost } from "../timeline.ts";
import type { Opening } from "./growing_rollout.ts";
import type { RollParts, RollSettings } from "./loop.ts";
import { type Capacity, capacityAfter, longestText, suppressed } from "./token_limits.ts";
import { offersTools } from "./tools/table.ts";

/** Tasks whose prompts are in the model: what follows is sampled. */
export interface OpenedTasks {
  openings: Opening[];
  capacity: Capacity;
  conversations: Conversations;
}

/** Puts the prompts of tasks into the model, which has sampled the first token of each rollout then. */
export async function openTasks(
  parts: RollParts,
  tasks: readonly Task[],
  settings: RollSettings,
): Promise<OpenedTasks> {
  const openings = await elapsing("open tasks", Promise.all(tasks.map((task) => openTask(task, parts, settings))));
  return openPrompts(
    parts,
    openings,
    openings.map(({ passage }) => passage),
    settings,
  );
}

/** The same with prompts of one's own, one for each opening: with more behind them, or with places in the step of their own. */
export async function openPrompts(
  { policy, chat }: RollParts,
  openings: Opening[],
  prompts: readonly Prompt[],
  settings: RollSettings,
): Promise<OpenedTasks> {
  const { step, rolloutsPerTask, firstTask = 0 } = settings;
  const sizes = openings.flatMap(({ views }) => views.map((view) => settings.imageTokens(view.modelInput)));
  const pictureTokens = chat.observation("", [Math.max(0, ...sizes)]).length;
  const capacity = capacityAfter(pictureTokens, settings, longestText(settings.tools));
  const conversations = await policy.begin(prompts, rolloutsPerTask, capacity.responseTokens, {
    seed: settings.seed,
    step,
    firstTask,
    temperature: settings.greedy ? 0 : settings.temperature,
    suppressed: suppressed(chat, settings),
    stops: chat.stops,
  });
  return { openings, capacity, conversations };
}

/** A task with its pictures and its prompt. */
export async function openTask(task: Task, { chat, pictures }: RollParts, settings: RollSettings): Promise<Opening> {
  const originals = await pictures(task);
  const views = await Promise.all(
    originals.map(async (original) => ({ original, modelInput: await settings.modelInput(original) })),
  );
  const images = views.map((view) => view.modelInput);
  const { question, messages } = task;
  const asked = { question, messages, tools: offersTools(task, settings) };
  const tokens = onHost("tokens of prompts", () => chat.prompt(asked, images.map(settings.imageTokens)));
  return { task, views, passage: { tokens, images } };
}
