import source from "../../shaders/logprob.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, rowsOf, size, type Tensor } from "../gpu/tensor.ts";
import { backpropWeight, backpropX, multiply, weightSplits } from "./dense_product.ts";
import { backpropAll } from "./linear.ts";
import { sumPartials } from "./partials.ts";
import { takesTogether } from "./product.ts";

const shader = new Shader("logprob", source);

/** Bytes of a chunk's logits at most, unless a chunk of `leastRows` rows takes more. */
const chunkBytes = 64 * 2 ** 20;

/** With fewer rows the gradient of h has too few tiles to fill a device, and reads the whole weight for each chunk. */
const leastRows = 256;

/** Chunks begin at multiples of this many rows: rows of any width then begin at multiples of 256 bytes, as bindings must. */
const rowStep = 64;

/** Which distribution log-probabilities are taken of: softmax(logits / temperature) over the allowed ids. */
export interface Distribution {
  /** u32 (V) of 0 and 1, at least one 1 */
  allowed: Tensor;
  /** f32 (1), above 0 */
  temperature: Tensor;
}

export interface LogprobInputs extends Distribution {
  /** (N, C) */
  h: Tensor;
  /** (V, C) */
  weight: Tensor;
  /** u32 (N); `noIndex` for rows without a target. A target that is not allowed is measured against those that are. */
  targets: Tensor;
}

interface Options {
  /** Rows whose logits exist at a time, rounded down to a multiple of 64; as many as 64 MiB hold, and at least 256, unless given. */
  chunkRows?: number;
  /**
   * Whether the entropy is part of the loss. Both outputs then need a gradient in the backward pass; otherwise the entropy is
   * only a metric, and its gradient is not computed.
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
 * Log-probabilities of targets under softmax(h weightT / temperature) over the allowed ids. Logits are computed for a chunk of
 * rows at a time, and again in the backward pass, so that those of all rows never exist at once.
 */
export function logprob(
  tape: Tape,
  { h, weight, targets, allowed, temperature }: LogprobInputs,
  { chunkRows, entropyGradient = false }: Options = {},
): Logprob {
  const { plan } = tape;
  const [V, C] = extents2(weight);
  expectShape(h, -1, C);
  const [N] = extents2(h);
  expectShape(targets, N);
  expectShape(allowed, V);
  expectShape(temperature, 1);
  const wanted = chunkRows ?? Math.max(leastRows, chunkBytes / (V * 4));
  const most = Math.floor(wanted / rowStep) * rowStep;
  const chunk = Math.min(N, Math.max(rowStep, most));
  const logits = tape.empty("logprob.logits", [chunk, V]);
  const stats = tape.empty("logprob.stats", [N, 4]);
  const out = { logprob: tape.empty("logprob.out", [N]), entropy: tape.empty("logprob.entropy", [N]) };
  const chunks = Array.from({ length: Math.ceil(N / chunk) }, (_, i) => {
    const part = (tensor: Tensor) => rowsOf(tensor, i * chunk, chunk);
    const rows = Math.min(chunk, N - i * chunk);
    return { i, rows, part, x: part(h), logits: rowsOf(logits, 0, rows) };
  });

  for (const { rows, part, x, logits } of chunks) {
    multiply(plan, { x, weight, out: logits });
    recordSummary(plan, logits, { allowed, temperature }, part(stats));
    plan.dispatch({
      shader,
      entry: "choose",
      tensors: {
        logits,
        temperature,
        stats: part(stats),
        targets: part(targets),
        logprob: part(out.logprob),
        entropy: part(out.entropy),
      },
      params: { N: rows, V },
      groups: grid(rows, 64),
    });
  }

  // One backward function for both outputs: the entropy's record comes first, so it is undone last, when all is computed.
  if (entropyGradient) tape.record(out.entropy, [h, weight], () => {});
  tape.record(out.logprob, [h, weight], () => {
    const dlogprob = tape.gradient(out.logprob);
    const dentropy = entropyGradient ? tape.gradient(out.entropy) : null;
    const intoWeight = tape.into(weight);
    const intoH = tape.into(h);
    for (const { i, rows, part, x, logits } of chunks) {
      // The logits of a single chunk are still there.
      if (chunks.length > 1) multiply(plan, { x, weight, out: logits });
      plan.dispatch({
        shader,
        entry: dentropy ? "backprop_with_entropy" : "backprop",
        tensors: {
          allowed,
          temperature,
          stats: part(stats),
          targets: part(targets),
          dlogprob: part(dlogprob),
          dlogits: logits,
          ...(dentropy && { dentropy: part(dentropy) }),
        },
        params: { N: rows, V },
        groups: grid(size(logits.shape), 64),
      });
      if (chunks.length === 1 && intoH && intoWeight && takesTogether(plan, rows, weight, V)) {
        backpropAll(tape, { x, dout: logits, weight }, { intoX: intoH, into: intoWeight });
        continue;
      }
      if (intoH) backpropX(plan, { dout: logits, weight, into: { ...intoH, d: part(intoH.d) } });
      if (intoWeight) {
        const constants = i === 0 ? intoWeight.constants : ({ ADD: 1 } as const);
        const into = { d: intoWeight.d, constants };
        sumPartials(tape, "logprob.partial", [weightSplits(rows, V, C), V, C], [{ into }], (partial) =>
          backpropWeight(plan, { x, dout: logits, partial }),
        );
      }
    }
  });
  return out;
}

/**
 * Softmax statistics of logits (N, V). A token's log-probability is logits / temperature - lse, in the bits of `logprob`.
 *
 * @returns  (N, 4): the largest logit / temperature, lse, entropy, 0
 */
export function summarize(plan: Plan, logits: Tensor, distribution: Distribution): Tensor {
  const [N, V] = extents2(logits);
  expectShape(distribution.allowed, V);
  expectShape(distribution.temperature, 1);
  const stats = plan.activation("logprob.stats", [N, 4]);
  recordSummary(plan, logits, distribution, stats);
  return stats;
}

function recordSummary(plan: Plan, logits: Tensor, { allowed, temperature }: Distribution, stats: Tensor): void {
  const [N, V] = extents2(logits);
  plan.dispatch({
    shader,
    entry: "summarize",
    tensors: { logits, allowed, temperature, stats },
    params: { N, V },
    groups: grid(N, 1),
  });
}
