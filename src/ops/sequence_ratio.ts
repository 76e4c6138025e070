import source from "../../shaders/sequence_ratio.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("sequence_ratio", source);

/**
 * GSPO's ratio: log-probabilities to take for the old ones, against which every token of a sequence has the sequence's mean
 * log-ratio. No gradient passes through them.
 *
 * @param logprob     (N), under the weights that are trained
 * @param oldLogprob  (N), under the policy that sampled the tokens
 * @param spans       u32 (S, 2): each sequence's first token and the one behind its last; equal where there is none
 * @returns           (N); tokens of no sequence have no value
 */
export function sharedOldLogprob(tape: Tape, logprob: Tensor, oldLogprob: Tensor, spans: Tensor): Tensor {
  expectShape(oldLogprob, lengthOf(logprob));
  expectShape(spans, -1, 2);
  const [S] = extents2(spans);
  const out = tape.empty("sequence_ratio.old_logprob", [lengthOf(logprob)]);
  tape.plan.dispatch({
    shader,
    entry: "share_ratio",
    tensors: { logprob, old_logprob: oldLogprob, spans, shared_old: out },
    params: { S },
    groups: grid(S, 64),
  });
  return out;
}
