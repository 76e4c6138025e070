import source from "../../shaders/logprob.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, rowsOf, size, type Tensor } from "../gpu/tensor.ts";
import { backpropWeight, backpropX, multiply, weightSplits } from "./linear.ts";

const shader = new Shader("logprob", source);

/** The most that a chunk's logits take, unless the fewest rows take more. */
const chunkBytes = 64 * 2 ** 20;

/** Chunks begin at multiples of so many rows: then rows of any width begin at the 256 bytes that a binding asks for. */
const rowStep = 64;

interface Options {
  /** Rows whose logits exist at one time, rounded down to a multiple of 64; as many as 64 MiB hold unless given. */
  chunkRows?: number;
  /**
   * Whether the entropy is part of the loss. Gradients then flow from both outputs, and one must reach each; otherwise
   * the entropy is a metric, and its gradient costs nothing.
   */
  entropyGradient?: boolean;
}

interface Logprob {
  /** (N), natural; 0 for a row without a target. */
  logprob: Tensor;
  /** (N), of the whole distribution over the allowed ids, in nats. */
  entropy: Tensor;
}

/**
 * Log-probabilities of targets under softmax(h weightT / temperature) over the allowed ids. The logits of all rows
 * never exist at once: they are made a chunk of rows at a time, and again on the way back.
 *
 * @param h            (N, C)
 * @param weight       (V, C)
 * @param targets      u32 (N); `noIndex` for rows that count for nothing. A target that is not allowed is measured
 *                     against those that are
 * @param allowed      u32 (V) of 0 and 1, at least one 1
 * @param temperature  f32 (1), above 0
 */
export function logprob(
  tape: Tape,
  h: Tensor,
  weight: Tensor,
  targets: Tensor,
  allowed: Tensor,
  temperature: Tensor,
  { chunkRows, entropyGradient = false }: Options = {},
): Logprob {
  const { plan } = tape;
  expectShape(weight, -1, -1);
  const [V, C] = weight.shape as [number, number];
  expectShape(h, -1, C);
  const N = h.shape[0]!;
  expectShape(targets, N);
  expectShape(allowed, V);
  expectShape(temperature, 1);
  const most = Math.floor((chunkRows ?? chunkBytes / (V * 4)) / rowStep) * rowStep;
  const chunk = Math.min(N, Math.max(rowStep, most));
  const logits = tape.empty("logprob.logits", [chunk, V]);
  const stats = tape.empty("logprob.stats", [N, 4]);
  const out = { logprob: tape.empty("logprob.out", [N]), entropy: tape.empty("logprob.entropy", [N]) };

  for (let from = 0; from < N; from += chunk) {
    const part = (tensor: Tensor) => rowsOf(tensor, from, chunk);
    const chunkLogits = rowsOf(logits, 0, part(h).shape[0]!);
    multiply(plan, part(h), weight, chunkLogits);
    summarizeInto(plan, chunkLogits, allowed, temperature, part(stats));
    plan.dispatch({
      shader,
      entry: "choose",
      tensors: {
        logits: chunkLogits,
        temperature,
        stats: part(stats),
        targets: part(targets),
        logprob: part(out.logprob),
        entropy: part(out.entropy),
      },
      params: { N: chunkLogits.shape[0]!, V },
      groups: grid(chunkLogits.shape[0]!, 64),
    });
  }

  // Two outputs, one way back: the entropy's record comes earlier and so goes back after it, with nothing left to do.
  if (entropyGradient) tape.record(out.entropy, [h, weight], () => {});
  tape.record(out.logprob, [h, weight], () => {
    const dlogprob = tape.gradient(out.logprob);
    const dentropy = entropyGradient ? tape.gradient(out.entropy) : null;
    const intoWeight = tape.into(weight);
    const intoH = tape.into(h);
    const partial = intoWeight && tape.empty("logprob.partial", [weightSplits(chunk, V, C), V, C]);
    for (let from = 0; from < N; from += chunk) {
      const part = (tensor: Tensor) => rowsOf(tensor, from, chunk);
      const chunkLogits = rowsOf(logits, 0, part(h).shape[0]!);
      // A single chunk's logits are still there.
      if (chunk < N) multiply(plan, part(h), weight, chunkLogits);
      plan.dispatch({
        shader,
        entry: dentropy ? "backprop_with_entropy" : "backprop",
        tensors: {
          allowed,
          temperature,
          stats: part(stats),
          targets: part(targets),
          dlogprob: part(dlogprob),
          dlogits: chunkLogits,
          ...(dentropy && { dentropy: part(dentropy) }),
        },
        params: { N: chunkLogits.shape[0]!, V },
        groups: grid(size(chunkLogits.shape), 64),
      });
      if (intoH) backpropX(plan, chunkLogits, weight, { ...intoH, d: part(intoH.d) });
      if (intoWeight) {
        const sums = rowsOf(partial!, 0, weightSplits(chunkLogits.shape[0]!, V, C));
        const constants = from === 0 ? intoWeight.constants : ({ ADD: 1 } as const);
        backpropWeight(plan, part(h), chunkLogits, sums, { d: intoWeight.d, constants });
      }
    }
  });
  return out;
}

/**
 * What a log-probability is taken against: a token's is logits / temperature - lse, in the bits of `logprob`.
 *
 * @param logits       (N, V)
 * @param allowed      u32 (V) of 0 and 1
 * @param temperature  f32 (1)
 * @returns            (N, 4): the largest logit / temperature, lse, entropy, 0
 */
export function summarize(plan: Plan, logits: Tensor, allowed: Tensor, temperature: Tensor): Tensor {
  expectShape(logits, -1, -1);
  expectShape(allowed, logits.shape[1]!);
  expectShape(temperature, 1);
  const stats = plan.activation("logprob.stats", [logits.shape[0]!, 4]);
  summarizeInto(plan, logits, allowed, temperature, stats);
  return stats;
}

function summarizeInto(plan: Plan, logits: Tensor, allowed: Tensor, temperature: Tensor, stats: Tensor): void {
  const [N, V] = logits.shape as [number, number];
  plan.dispatch({
    shader,
    entry: "summarize",
    tensors: { logits, allowed, temperature, stats },
    params: { N, V },
    groups: grid(N, 1),
  });
}
