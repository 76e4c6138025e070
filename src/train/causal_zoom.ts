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

/**
 * What the model sees in place of what its tools gave: that itself; grey; what another rollout's tool gave; the whole
 * picture of the task again; or no call at all, so that it answers right after the prompt.
 */
export const counterfactuals = ["tool", "blank", "other", "whole", "none"] as const;
export type Counterfactual = (typeof counterfactuals)[number];

/** Probabilities, 0 to 1, of an answer and of what ends the turn behind it. */
export type AnswerProbabilities = Record<Counterfactual, number>;

/** What the pictures of a rollout's tools were worth for its answer. */
export interface ZoomWorth {
  /** Rollout.id */
  rollout: string;
  gold: AnswerProbabilities;
  given: AnswerProbabilities;
}

/** Means of the rollouts that were probed. */
export interface CausalSummary {
  /** Rollouts that called a tool, got a picture and answered: those that were probed. */
  probed: number;
  /** All rollouts that were looked at. */
  rollouts: number;
  gold: AnswerProbabilities;
  given: AnswerProbabilities;
  /** Mean probability that the tool turns a wrong answer into a right one: right with it, wrong without, both sampled. */
  gain: number;
  /** ... and a right one into a wrong one. */
  harm: number;
}

interface ProbeParts {
  learner: Pick<Learner, "logprobs">;
  tokenizer: Tokenizer;
  vision: VisionConfig;
  settings: Pick<UpdateSettings, "temperature" | "suppressed">;
}

/**
 * Measures what pictures of tools were worth (causal zoom): the probability of the task's answer and of the given one under
 * the weights as they are, with each counterfactual in their place. The last turn's tokens before the answer stay as they
 * were sampled, thoughts too, which may speak of what was seen; only the compact form has none. Rollouts of a task share their
 * prompt, so that a probe costs its suffix.
 *
 * @param rolled rollouts of `tasks` with their pictures
 * @returns      one for each rollout that got a picture from a tool and answered
 */
export async function zoomWorths(
  { learner, tokenizer, vision, settings }: ProbeParts,
  rolled: Rolled,
  tasks: readonly Task[],
): Promise<ZoomWorth[]> {
  const others = rolled.toolImages.map((ofTask) => ofTask.flat());
  const groups: PackedGroup[] = [];
  const probes: { rollout: string; answer: "gold" | "given"; counterfactual: Counterfactual; targets: number }[] = [];
  for (const [t, task] of tasks.entries()) {
    const sequences: Sequence[] = [];
    for (const [r, rollout] of (rolled.rollouts[t] ?? []).entries()) {
      const pictures = rolled.toolImages[t]?.[r] ?? [];
      const turn = pictures.length > 0 ? answerTurn(rollout, tokenizer) : null;
      if (!turn) continue;
      const answers = { gold: turn.with(task.answer), given: turn.given };
      for (const counterfactual of counterfactuals) {
        const stand = standIns(pictures, counterfactual, {
          whole: rolled.promptImages[t]?.[0],
          other: otherPicture(others, t),
        });
        for (const answer of ["gold", "given"] as const) {
          const sequence = probe(
            rollout,
            turn.before,
            answers[answer],
            counterfactual === "none" ? null : stand,
            vision,
          );
          sequences.push(sequence);
          probes.push({ rollout: rollout.id, answer, counterfactual, targets: sequence.targets.length });
        }
      }
    }
    const prompt = rolled.rollouts[t]?.[0]?.segments[0]?.tokens ?? [];
    const images = (rolled.promptImages[t] ?? []).map((pixels) => inputImage(pixels, vision));
    if (sequences.length > 0) groups.push({ prefix: { tokens: prompt, images }, sequences });
  }
  if (groups.length === 0) return [];
  const logprobs = await learner.logprobs(groups, settings);
  const worths = new Map<string, ZoomWorth>();
  let at = 0;
  for (const { rollout, answer, counterfactual, targets } of probes) {
    const worth = worths.get(rollout) ?? { rollout, gold: zeros(), given: zeros() };
    worths.set(rollout, worth);
    const sum = logprobs.subarray(at, at + targets).reduce((total, one) => total + one, 0);
    worth[answer][counterfactual] = Math.exp(sum);
    at += targets;
  }
  return [...worths.values()];
}

/** Means over rollouts; zero where none was probed. */
export function summarizeWorths(worths: readonly ZoomWorth[], rollouts: number): CausalSummary {
  const mean = (value: (worth: ZoomWorth) => number): number =>
    worths.reduce((sum, worth) => sum + value(worth), 0) / Math.max(1, worths.length);
  const means = (answer: "gold" | "given"): AnswerProbabilities => {
    const result = zeros();
    for (const one of counterfactuals) result[one] = mean((worth) => worth[answer][one]);
    return result;
  };
  return {
    probed: worths.length,
    rollouts,
    gold: means("gold"),
    given: means("given"),
    gain: mean(({ gold }) => gold.tool * (1 - gold.none)),
    harm: mean(({ gold }) => gold.none * (1 - gold.tool)),
  };
}

const zeros = (): AnswerProbabilities => ({ tool: 0, blank: 0, other: 0, whole: 0, none: 0 });

/** The first picture that a tool gave in the next task that has one, which may be none. */
function otherPicture(pictures: readonly Pixels[][], task: number): Pixels | undefined {
  for (let step = 1; step < pictures.length; step++) {
    const [found] = pictures[(task + step) % pictures.length] ?? [];
    if (found) return found;
  }
  return undefined;
}

/** Pictures of the same sizes, so that the text around them stays as it is. */
function standIns(
  pictures: readonly Pixels[],
  counterfactual: Counterfactual,
  { whole, other }: { whole: Pixels | undefined; other: Pixels | undefined },
): readonly Pixels[] {
  const source = { tool: undefined, none: undefined, blank: undefined, whole, other }[counterfactual];
  if (counterfactual === "tool" || counterfactual === "none") return pictures;
  return pictures.map(({ width, height }) => {
    if (!source) return grey(width, height);
    return source.width === width && source.height === height ? source : resize(source, width, height);
  });
}

const grey = (width: number, height: number): Pixels => ({
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
