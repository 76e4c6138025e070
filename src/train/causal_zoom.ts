import type { Rolled } from "../agent/loop.ts";
import type { Rollout } from "../agent/rollout.ts";
import type { Pixels } from "../image/pixels.ts";
import { resize } from "../image/resize.ts";
import type { VisionConfig } from "../model/config.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Tokenizer } from "../policy/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import { answerTurn } from "./answer_swap.ts";
import type { Metrics } from "./events.ts";
import type { Learner, UpdateSettings } from "./learner.ts";
import type { MetricEntry } from "./metrics.ts";
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
  /** Whether a tool gave a picture; where none did, all probabilities are those of "none". */
  called: boolean;
  gold: AnswerProbabilities;
  given: AnswerProbabilities;
}

/** Means over the rollouts that answered; absent where none of the kind did. */
export interface CausalSummary {
  /** Rollouts that were looked at, that answered, and of those the ones that got a picture from a tool. */
  rollouts: number;
  answered: number;
  called: number;
  /** Of the rollouts that got a picture: probabilities of the task's and of the given answer. */
  gold?: AnswerProbabilities;
  given?: AnswerProbabilities;
  /** Of all that answered: probability of the task's answer as the rollout is, and right after the prompt. */
  withTool?: number;
  withoutTool?: number;
  /** Of all that answered: probability that the tool turns a wrong answer into a right one, both answers sampled ... */
  gain?: number;
  /** ... and a right one into a wrong one (arXiv 2602.01334). */
  harm?: number;
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
 * @returns      one for each rollout that answered
 */
export async function zoomWorths(
  { learner, tokenizer, vision, settings }: ProbeParts,
  rolled: Rolled,
  tasks: readonly Task[],
): Promise<ZoomWorth[]> {
  const others = rolled.toolImages.map((ofTask) => ofTask.flat());
  const groups: PackedGroup[] = [];
  const worths: ZoomWorth[] = [];
  /** Where the probability of each sequence goes, in the order of the groups. */
  const takers: ((probability: number) => void)[] = [];
  for (const [t, task] of tasks.entries()) {
    const sequences: Sequence[] = [];
    const promptImages = rolled.promptImages[t] ?? [];
    const replacements = { whole: promptImages[0], other: otherPicture(others, t) };
    for (const [r, rollout] of (rolled.rollouts[t] ?? []).entries()) {
      const turn = answerTurn(rollout, tokenizer);
      if (!turn) continue;
      const pictures = rolled.toolImages[t]?.[r] ?? [];
      const called = pictures.length > 0;
      const worth: ZoomWorth = { rollout: rollout.id, called, gold: zeros(), given: zeros() };
      worths.push(worth);
      const answers = { gold: turn.with(task.answer), given: turn.given };
      for (const counterfactual of called ? counterfactuals : (["none"] as const)) {
        const seen = counterfactual === "none" ? null : standIns(pictures, counterfactual, replacements);
        for (const answer of ["gold", "given"] as const) {
          sequences.push(probe(rollout, turn.before, answers[answer], seen, vision));
          takers.push((probability) => {
            for (const one of called ? [counterfactual] : counterfactuals) worth[answer][one] = probability;
          });
        }
      }
    }
    const prompt = rolled.rollouts[t]?.[0]?.segments[0]?.tokens ?? [];
    const images = promptImages.map((pixels) => inputImage(pixels, vision));
    if (sequences.length > 0) groups.push({ prefix: { tokens: prompt, images }, sequences });
  }
  if (groups.length === 0) return [];
  const logprobs = await learner.logprobs(groups, settings);
  let at = 0;
  for (const [i, { targets }] of groups.flatMap(({ sequences }) => sequences).entries()) {
    const sum = logprobs.subarray(at, at + targets.length).reduce((total, one) => total + one, 0);
    takers[i]!(Math.exp(sum));
    at += targets.length;
  }
  return worths;
}

/** Means over what was measured in `rollouts` rollouts. */
export function summarizeWorths(worths: readonly ZoomWorth[], rollouts: number): CausalSummary {
  const called = worths.filter((worth) => worth.called);
  const counts = { rollouts, answered: worths.length, called: called.length };
  if (worths.length === 0) return counts;
  const ofAll = (value: (worth: ZoomWorth) => number) => mean(worths.map(value));
  const ofCalled = (answer: "gold" | "given"): AnswerProbabilities => {
    const result = zeros();
    for (const one of counterfactuals) result[one] = mean(called.map((worth) => worth[answer][one]));
    return result;
  };
  return {
    ...counts,
    ...(called.length > 0 && { gold: ofCalled("gold"), given: ofCalled("given") }),
    withTool: ofAll(({ gold }) => gold.tool),
    withoutTool: ofAll(({ gold }) => gold.none),
    gain: mean(worths.map(({ called, gold }) => (called ? gold.tool * (1 - gold.none) : 0))),
    harm: mean(worths.map(({ called, gold }) => (called ? gold.none * (1 - gold.tool) : 0))),
  };
}

/** Curves of a run's evaluations: means over the rollouts that answered. */
export const causalMetricTable = {
  "causal/with_tool": {
    label: "Right as they are",
    unit: "share",
    line: "probability of the task's answer in the rollouts that answered, as they are",
  },
  "causal/without_tool": {
    label: "Right without a call",
    unit: "share",
    line: "probability of the task's answer right after the prompt, in the same rollouts",
  },
  "causal/gain": { label: "Tool: gain", unit: "share", line: "right with the tool and wrong without" },
  "causal/harm": { label: "Tool: harm", unit: "share", line: "wrong with the tool and right without" },
  "causal/blank": {
    label: "Right with grey",
    unit: "share",
    line: "probability of the task's answer with grey in place of the tools' pictures, rollouts that have some",
  },
  "causal/right_anyway": {
    label: "Right anyway",
    unit: "share",
    line: "probability of the task's answer without the call, in rollouts that called a tool",
  },
} as const satisfies Record<string, MetricEntry>;

export type CausalMetricName = keyof typeof causalMetricTable;

/** What a summary adds to the metrics of an evaluation; what was not measured is left out. */
export function causalMetrics({ withTool, withoutTool, gain, harm, gold }: CausalSummary): Metrics {
  const values: Record<CausalMetricName, number | undefined> = {
    "causal/with_tool": withTool,
    "causal/without_tool": withoutTool,
    "causal/gain": gain,
    "causal/harm": harm,
    "causal/blank": gold?.blank,
    "causal/right_anyway": gold?.none,
  };
  const metrics: Metrics = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) metrics[name] = value;
  return metrics;
}

/** Zooming is dying out below the first rate, having been above the second in an evaluation before. */
const dying = 0.05;
const living = 0.2;

/** Losing less accuracy than this is no harm: about what 256 tasks can tell. */
const noticeable = 0.03;

/**
 * Whether a zoom rate that died did harm: what the answers are worth without the tool now, beside what they were worth with
 * it. Null where zooming is alive, never was, or was not measured.
 *
 * @param before  metrics of the run's evaluations before, with `evalCausal` on
 */
export function zoomVerdict(now: Metrics, before: readonly Metrics[]): string | null {
  const rate = now.zoom_rate ?? 1;
  const most = Math.max(...before.map(({ zoom_rate = 0 }) => zoom_rate));
  const withTool = Math.max(...before.map((metrics) => metrics["causal/with_tool"] ?? Number.NaN));
  const without = now["causal/without_tool"];
  if (rate >= dying || !(most > living) || without === undefined || Number.isNaN(withTool)) return null;
  const [then, is] = [withTool, without].map((share) => `${Math.round(100 * share)} %`);
  return without >= withTool - noticeable
    ? `Zooming died out, which is harmless so far: without a call ${is} of the answers are right, as they are were at most ${then}`
    : `Zooming died out, which is harmful: without a call ${is} of the answers are right, with the tool ${then} were; a bonus for zooming may bring it back`;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

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
  counterfactual: Exclude<Counterfactual, "none">,
  { whole, other }: { whole: Pixels | undefined; other: Pixels | undefined },
): readonly Pixels[] {
  if (counterfactual === "tool") return pictures;
  const source = { blank: undefined, whole, other }[counterfactual];
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
