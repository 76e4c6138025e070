import type { Sampling } from "../policy/policy.ts";
import type { Task } from "../tasks/task.ts";
import { type BranchStart, branchStart, type Intervention } from "./branch_start.ts";
import { openEnvironment } from "./environments/open_environment.ts";
import { GrowingRollout, type Opening, typedTokens } from "./growing_rollout.ts";
import type { RollParts, RollSettings } from "./loop.ts";
import type { Rollout } from "./rollout.ts";
import { rolloutPictures } from "./rollout_pictures.ts";
import { expectFromHere } from "./rollouts_elsewhere.ts";
import { type Capacity, capacityAfter, longestText, suppressed } from "./token_limits.ts";
import { builtInTools, offersTools } from "./tools/table.ts";
import type { Tool, View } from "./tools/tool.ts";
import { rollTurns } from "./turns.ts";

/** A rollout, and what is changed in it. */
export interface BranchRequest {
  rollout: Rollout;
  task: Task;
  what: Intervention;
  /** Id of the branch. */
  id: string;
  /** No tool can be called: a call was denied before the place where this one begins. */
  denied: boolean;
  /** Tools that rollouts may name, whether the run offers them or not. */
  known?: readonly Tool[];
}

/** What came of it. */
export interface GrownBranch {
  rollout: Rollout;
  /** With the question that was asked. */
  task: Task;
  /** The first token that differs from the rollout that it left. */
  place: number;
}

/**
 * Goes on from a rollout's own tokens up to a place and something else behind them, through the usual turns, tools and
 * limits to an end. The samples are keyed as the rollout's were: with its run's seed and its own token it writes the
 * rollout again. Tools that keep a state between calls begin anew. It is not scored, and nothing of the rollout changes.
 * @throws Error with one sentence where what was put there cannot stand there
 */
export async function growBranch(
  parts: RollParts,
  { rollout, task, what, id, denied, known = builtInTools }: BranchRequest,
  settings: RollSettings,
): Promise<GrownBranch> {
  expectFromHere(rollout, "branched");
  const { chat, tokenizer } = parts;
  if (denied && what.kind === "box")
    throw new Error(
      "Expected a turn in which a tool can be called, found one behind a denied call; draw in the rollout that the branch left",
    );
  const views = await viewsOf(rollout, task, parts, { ...settings, known });
  const start = await branchStart({ rollout, task, views }, what, { chat, tokenizer, settings });
  const isDenied = denied || what.kind === "deny";
  const rules = isDenied ? { ...settings, zoom: false } : settings;
  const opening = openingOf(rollout, start, views, parts, settings);
  const place = { step: rollout.step, taskIndex: rollout.taskIndex, rolloutIndex: rollout.rolloutIndex };
  const growing = new GrowingRollout(opening, place, 0, start);
  growing.rollout.id = id;
  const [prompt] = growing.rollout.segments;
  if (prompt && start.givenInPrompt) prompt.given = [start.givenInPrompt];
  const capacity = capacityFor([...opening.views, ...start.views], start, parts, settings);
  const context = { environment: openEnvironment(rules), tokenizer, chat, settings: rules, capacity };
  try {
    await go(parts, { growing, opening, start, sampling: samplingOf(rollout, rules, parts) }, context);
  } finally {
    await growing.close();
  }
  return { rollout: growing.rollout, task: start.task, place: start.place };
}

/** What a branch is sampled with: the keys of the rollout that it leaves. */
const samplingOf = (
  { step, taskIndex, rolloutIndex }: Rollout,
  settings: RollSettings,
  { chat }: Pick<RollParts, "chat">,
): Sampling => ({
  seed: settings.seed,
  step: Math.max(0, step - 1),
  firstTask: taskIndex,
  firstRollout: rolloutIndex,
  temperature: settings.greedy ? 0 : settings.temperature,
  suppressed: suppressed(chat, settings),
  stops: chat.stops,
});

interface Growing {
  growing: GrowingRollout;
  opening: Opening;
  start: BranchStart;
  sampling: Sampling;
}

type TurnContext = Parameters<GrowingRollout["take"]>[1] & { settings: RollSettings; capacity: Capacity };

/** Lets a branch grow to its end. */
async function go(
  parts: RollParts,
  { growing, opening, start, sampling }: Growing,
  context: TurnContext,
): Promise<void> {
  const { settings, capacity, chat } = context;
  const behind = {
    tokens: start.segments.flatMap(({ tokens }) => tokens),
    images: start.views.map(({ modelInput }) => modelInput),
  };
  const last = start.segments.at(-1);
  const closed = last?.source === "model" && chat.stops.includes(last.tokens.at(-1) ?? -1);
  expectRoom(growing, start, context);
  if (closed) {
    const answer = await growing.take({ tokens: [], logprobs: [], entropies: [], stopped: true }, context);
    if (!answer) return;
    behind.tokens.push(...answer.tokens);
    behind.images.push(...answer.images);
  }
  if (growing.room(settings, capacity) <= 0) {
    await growing.take({ tokens: [], logprobs: [], entropies: [], stopped: false }, context);
    return;
  }
  const sampled = growing.rollout.segments
    .filter(({ source }) => source === "model")
    .reduce((n, { tokens }) => n + tokens.length, 0);
  const open = closed ? 0 : last?.source === "model" ? last.tokens.length : 0;
  const prompt = {
    ...opening.passage,
    ...(behind.tokens.length > 0 && { behind: { ...behind, sampled: sampled + open } }),
  };
  const conversations = await parts.policy.begin([prompt], 1, capacity.responseTokens, sampling);
  try {
    for await (const _ of rollTurns([{ task: 0, rollouts: [growing] }], { ...context, conversations }));
  } finally {
    conversations.close();
  }
}

/** @throws Error with one sentence where a result that a person gave leaves the model no room behind it */
function expectRoom(growing: GrowingRollout, { segments }: BranchStart, { settings, capacity }: TurnContext): void {
  const last = segments.at(-1);
  if (last?.source !== "tool" || growing.room(settings, capacity) > 0) return;
  throw new Error(
    `Expected a result that leaves room in the response, which may have ${capacity.responseTokens} tokens, found ${growing.tokens} with it; choose a smaller picture or a shorter text`,
  );
}

/** The pictures of a rollout as the model saw them, the task's first. */
async function viewsOf(
  rollout: Rollout,
  task: Task,
  { pictures }: Pick<RollParts, "pictures">,
  { crop, known, modelInput }: RollSettings & { known: readonly Tool[] },
): Promise<View[]> {
  const viewOf = async (original: View["original"]): Promise<View> => ({
    original,
    modelInput: await modelInput(original),
  });
  const ofTask = await Promise.all((await pictures(task)).map(viewOf));
  const all = [...rolloutPictures(rollout, ofTask, { crop, tools: known })].slice(ofTask.length);
  return [...ofTask, ...(await Promise.all(all.map(({ original }) => viewOf(original))))];
}

/** The task with its prompt: the rollout's own tokens, unless something else is asked. */
function openingOf(
  rollout: Rollout,
  { task, givenInPrompt }: BranchStart,
  views: readonly View[],
  { chat, tokenizer }: Pick<RollParts, "chat" | "tokenizer">,
  settings: RollSettings,
): Opening {
  const [prompt] = rollout.segments;
  const shown = views.slice(0, prompt?.images.length ?? 0);
  const images = shown.map(({ modelInput }) => modelInput);
  const imageTokens = images.map(settings.imageTokens);
  const { question, messages } = task;
  const asked = { question, messages, tools: offersTools(task, settings) };
  const tokens = givenInPrompt ? chat.prompt(asked, imageTokens) : (prompt?.tokens ?? []);
  const pad = tokenizer.id("<|image_pad|>");
  const found = tokens.filter((token) => token === pad).length;
  const needed = imageTokens.reduce((sum, count) => sum + count, 0);
  if (found !== needed)
    throw new Error(
      `Expected a prompt with ${needed} image tokens, as the open model reads its pictures, found ${found}; open the model that the run trained, with its maxPixels`,
    );
  return { task, views: [...shown], passage: { tokens: [...tokens], images } };
}

/** The limits are those of the run: what a person typed, and a result that is longer than any of a tool, come on top. */
function capacityFor(
  views: readonly View[],
  { segments }: BranchStart,
  { chat }: Pick<RollParts, "chat">,
  settings: RollSettings,
): Capacity {
  const sizes = views.map(({ modelInput }) => settings.imageTokens(modelInput));
  const pictureTokens = chat.observation("", [Math.max(0, ...sizes)]).length;
  const { responseTokens, observationTokens } = capacityAfter(pictureTokens, settings, longestText(settings.tools));
  const added = segments.map((one) =>
    one.source === "model" ? typedTokens(one) : one.given ? Math.max(0, one.tokens.length - observationTokens) : 0,
  );
  return { responseTokens: added.reduce((sum, count) => sum + count, responseTokens), observationTokens };
}
