import type { Rolled } from "../agent/loop.ts";
import type { Pixels } from "../image/pixels.ts";
import { grey, type ProbeParts } from "./causal_zoom.ts";
import { packAll } from "./pack_rollouts.ts";

/** Whether the learner sees: its loss on what the model wrote, with the pictures and with grey in place of all of them. */
export interface Sight {
  /** Tokens that the model wrote. */
  tokens: number;
  /** Mean negative log-probability of one, in nats. */
  loss: number;
  blankLoss: number;
}

/**
 * Computes the loss of rollouts twice, by the learner's own passes: where it does not rise without the pictures, they do not
 * reach the learner, or the model makes no use of them. Null where nothing was written, or there is no picture.
 */
export async function pixelSight(
  { learner, vision, settings }: Pick<ProbeParts, "learner" | "vision" | "settings">,
  rolled: Rolled,
): Promise<Sight | null> {
  if (rolled.promptImages.flat().length + rolled.toolImages.flat(2).length === 0) return null;
  const blanked: Rolled = {
    rollouts: rolled.rollouts,
    promptImages: rolled.promptImages.map((pictures) => pictures.map(blank)),
    toolImages: rolled.toolImages.map((ofTask) => ofTask.map((pictures) => pictures.map(blank))),
  };
  const seen = await learner.logprobs(packAll(rolled, vision), settings);
  if (seen.length === 0) return null;
  const unseen = await learner.logprobs(packAll(blanked, vision), settings);
  return { tokens: seen.length, loss: meanLoss(seen), blankLoss: meanLoss(unseen) };
}

/** Several parts of one step or evaluation as one; null of none. */
export function joinedSight(parts: readonly Sight[]): Sight | null {
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  if (tokens === 0) return null;
  const mean = (of: (part: Sight) => number) => parts.reduce((sum, part) => sum + of(part) * part.tokens, 0) / tokens;
  return { tokens, loss: mean(({ loss }) => loss), blankLoss: mean(({ blankLoss }) => blankLoss) };
}

const blank = ({ width, height }: Pixels): Pixels => grey(width, height);

const meanLoss = (logprobs: Float32Array): number =>
  -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
