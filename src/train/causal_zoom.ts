import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import { resize } from "../image/resize.ts";
import type { VisionConfig } from "../model/config.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import { answerTurn } from "./answer_swap.ts";
import type { Learner, UpdateSettings } from "./learner.ts";
import type { PackedGroup, Sequence } from "./pack.ts";
import type { AnswerProbabilities, Counterfactual, ZoomWorth } from "./zoom_worth.ts";

/** What log-probabilities are asked with. */
export interface ProbeParts {
  learner: Pick<Learner, "logprobs">;
  tokenizer: Tokenizer;
  vision: VisionConfig;
  settings: Pick<UpdateSettings, "temperature" | "suppressed">;
}

/** Rollouts of one task, with the model inputs of their pictures. */
export interface ProbedTask {
  task: Pick<Task, "answer">;
  rollouts: readonly Rollout[];
  promptImages: readonly Pixels[];
  /** Pictures that tools gave, by rollout. */
  toolImages: readonly (readonly Pixels[])[];
  /** What a tool gave for another task. */
  other?: Pixels;
}

/**
 * Measures what pictures of tools were worth (causal zoom): the probability of the task's answer and of the given one under
 * the weights as they are, with each counterfactual in their place. The last turn's tokens before the answer stay as they
 * were sampled, thoughts too, which may speak of what was seen; only the compact form has none. Rollouts of a task share their
 * prompt, so that a probe costs its suffix, and a right answer is asked about once.
 *
 * @returns one for each rollout that answered, in order
 */
export async function zoomWorths(parts: ProbeParts, probed: readonly ProbedTask[]): Promise<ZoomWorth[]> {
  const groups: PackedGroup[] = [];
  const worths: ZoomWorth[] = [];
  /** Where the probability of each sequence goes, in the order of the groups. */
  const takers: ((probability: number) => void)[] = [];
  for (const { task, rollouts, promptImages, toolImages, other } of probed) {
    const sequences: Sequence[] = [];
    for (const [r, rollout] of rollouts.entries()) {
      const turn = answerTurn(rollout, parts.tokenizer);
      if (!turn) continue;
      const pictures = toolImages[r] ?? [];
      const worth: ZoomWorth = { rollout: rollout.id, called: pictures.length > 0, gold: zeros(), given: zeros() };
      worths.push(worth);
      const gold = turn.with(task.answer);
      const answers = sameTokens(gold, turn.given)
        ? ([[gold, ["gold", "given"]]] as const)
        : ([[gold, ["gold"]] as const, [turn.given, ["given"]] as const] as const);
      for (const { seen, means } of conditions(rollout, pictures, { other, whole: promptImages[0] }))
        for (const [answer, names] of answers) {
          sequences.push(probe(rollout, turn.before, answer, seen, parts.vision));
          takers.push((probability) => {
            for (const name of names) for (const one of means) worth[name][one] = probability;
          });
        }
    }
    const prompt = rollouts[0]?.segments[0]?.tokens ?? [];
    const images = promptImages.map((pixels) => inputImage(pixels, parts.vision));
    if (sequences.length > 0) groups.push({ prefix: { tokens: prompt, images }, sequences });
  }
  if (groups.length === 0) return [];
  const logprobs = await parts.learner.logprobs(groups, parts.settings);
  let at = 0;
  for (const [i, { targets }] of groups.flatMap(({ sequences }) => sequences).entries()) {
    const sum = logprobs.subarray(at, at + targets.length).reduce((total, one) => total + one, 0);
    takers[i]!(Math.exp(sum));
    at += targets.length;
  }
  return worths;
}

/** What was rolled together, as it is probed: the other task is the next one in which a tool gave a picture. */
export function probedTasks(
  { rollouts, promptImages, toolImages }: Rolled,
  tasks: readonly Pick<Task, "answer">[],
): ProbedTask[] {
  const given = toolImages.map((ofTask) => ofTask.flat());
  return tasks.map((task, t) => {
    const other = otherPicture(given, t);
    return {
      task,
      rollouts: rollouts[t] ?? [],
      promptImages: promptImages[t] ?? [],
      toolImages: toolImages[t] ?? [],
      ...(other && { other }),
    };
  });
}

/** What a rollout is asked with: the pictures in the place of its tools' (null: without its calls), and what that measures. */
function conditions(
  { segments }: Rollout,
  pictures: readonly Pixels[],
  replacements: { whole: Pixels | undefined; other: Pixels | undefined },
): { seen: readonly Pixels[] | null; means: readonly Counterfactual[] }[] {
  const none = { seen: null, means: ["none"] as const };
  // A call that gave no picture stands in the conversation all the same.
  if (pictures.length === 0)
    return segments.length > 2
      ? [{ seen: [], means: ["tool", "blank"] }, none]
      : [{ seen: null, means: ["tool", "blank", "none"] }];
  const { whole, other } = replacements;
  return [
    { seen: pictures, means: ["tool"] },
    { seen: pictures.map(({ width, height }) => grey(width, height)), means: ["blank"] },
    ...(other ? [{ seen: inPlaceOf(pictures, other), means: ["other"] as const }] : []),
    ...(whole ? [{ seen: inPlaceOf(pictures, whole), means: ["whole"] as const }] : []),
    none,
  ];
}

const sameTokens = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((token, i) => token === b[i]);

const zeros = (): AnswerProbabilities => ({ tool: 0, blank: 0, none: 0 });

/** The first picture that a tool gave in the next task that has one, which may be none. */
function otherPicture(pictures: readonly Pixels[][], task: number): Pixels | undefined {
  for (let step = 1; step < pictures.length; step++) {
    const [found] = pictures[(task + step) % pictures.length] ?? [];
    if (found) return found;
  }
  return undefined;
}

/** A picture in the sizes of others, so that the text around them stays as it is. */
const inPlaceOf = (pictures: readonly Pixels[], source: Pixels): Pixels[] =>
  pictures.map(({ width, height }) =>
    source.width === width && source.height === height ? source : resize(source, width, height),
  );

/** What a picture is replaced with that shows nothing. */
export const grey = (width: number, height: number): Pixels => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(128),
});

/** A rollout after its prompt, or without its calls, whose last turn ends with an answer; that is what is measured. */
function probe(
  { segments }: Rollout,
  before: readonly number[],
  answer: readonly number[],
  pictures: readonly Pixels[] | null,
  vision: VisionConfig,
): Sequence {
  const conversation = pictures === null ? [] : segments.slice(1, -1).flatMap(({ tokens }) => tokens);
  const start = conversation.length + before.length;
  return {
    tokens: [...conversation, ...before, ...answer],
    images: (pictures ?? []).map((pixels) => inputImage(pixels, vision)),
    targets: answer.map((token, i) => ({ at: start + i - 1, token, weight: 0 })),
  };
}
