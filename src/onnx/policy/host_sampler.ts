/**
 * Samples one token from logits on the host, by the rule of shaders/sample.wgsl: the same keys, and ids added up in their
 * order. Where logits agree within rounding, the tokens are those of our own engine, but where a random number falls between
 * two sums that rounding has moved apart.
 */

/** 128 random bits by counter and key (Philox4x32-10); src/app gives the one that tasks are made with. */
export type RandomWords = (
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
) => readonly [number, ...number[]];

/** Names the sampler's stream of random numbers: "samp". */
const stream = 0x73616d70;

export interface SampleKey {
  seed: number;
  step: number;
  task: number;
  rollout: number;
  /** Tokens that the conversation has sampled before. */
  sampled: number;
}

export interface HostSample {
  token: number;
  /** Natural, under the distribution that it was sampled from. */
  logprob: number;
  /** Of that distribution, nats. */
  entropy: number;
  /** The likeliest ids with their log-probabilities, the likeliest first. */
  likeliest: [id: number, logprob: number][];
}

/** How many of the likeliest are kept. */
const likeliestCount = 5;

/**
 * @param temperature  0 takes the likeliest id
 * @throws Error where the logits are not numbers
 */
export function sampleOnHost(
  logits: Float32Array,
  { temperature, suppressed }: { temperature: number; suppressed: readonly number[] },
  key: SampleKey,
  random: RandomWords,
): HostSample {
  const heat = temperature || 1;
  const z = Float32Array.from(logits, (logit) => logit / heat);
  for (const id of suppressed) z[id] = Number.NEGATIVE_INFINITY;
  let best = 0;
  for (let id = 0; id < z.length; id++) if (z[id]! > z[best]!) best = id;
  const highest = z[best] ?? Number.NaN;
  if (!Number.isFinite(highest) || z.some(Number.isNaN))
    throw new Error(
      "Expected logits that are numbers, found others: the graph's weights are not numbers, or too large",
    );
  let sum = 0;
  let weighted = 0;
  for (const value of z) {
    const below = value - highest;
    const mass = Math.exp(below);
    sum += mass;
    if (mass > 0) weighted += mass * below;
  }
  const lse = highest + Math.log(sum);
  const token = temperature === 0 ? best : drawn(z, { highest, sum, at: uniform(key, random) });
  return {
    token,
    logprob: z[token]! - lse,
    entropy: Math.log(sum) - weighted / sum,
    likeliest: likeliestOf(z).map((id) => [id, z[id]! - lse]),
  };
}

/** In [0, 1), in steps of 2^-24. */
function uniform({ seed, step, task, rollout, sampled }: SampleKey, random: RandomWords): number {
  const [word] = random([step >>> 0, task, rollout, sampled], [seed >>> 0, stream]);
  return (word >>> 8) * 2 ** -24;
}

/** The id in whose range of probability a number of [0, 1) lies, ids in order. */
function drawn(z: Float32Array, { highest, sum, at }: { highest: number; sum: number; at: number }): number {
  const mark = at * sum;
  let below = 0;
  let last = 0;
  for (let id = 0; id < z.length; id++) {
    const mass = Math.exp(z[id]! - highest);
    if (mass === 0) continue;
    below += mass;
    last = id;
    if (below > mark) return id;
  }
  // The mark may lie just past the end by rounding.
  return last;
}

function likeliestOf(z: Float32Array): number[] {
  const kept: number[] = [];
  for (let id = 0; id < z.length; id++) {
    if (z[id] === Number.NEGATIVE_INFINITY) continue;
    if (kept.length === likeliestCount && z[id]! <= z[kept.at(-1)!]!) continue;
    let at = kept.length;
    while (at > 0 && z[id]! > z[kept[at - 1]!]!) at--;
    kept.splice(at, 0, id);
    kept.length = Math.min(kept.length, likeliestCount);
  }
  return kept;
}
