import type { Rolled } from "../agent/loop.ts";
import type { Pixels } from "../image/pixels.ts";
import { grey, type ProbeParts } from "./causal_zoom.ts";
import { packAll } from "./pack_rollouts.ts";
import type { Sight } from "./sight.ts";

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

const blank = ({ width, height }: Pixels): Pixels => grey(width, height);

const meanLoss = (logprobs: Float32Array): number =>
  -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
