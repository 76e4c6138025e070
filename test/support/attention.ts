import { expect } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { type AttentionChoice, attention } from "../../src/ops/attention.ts";
import { gpu } from "./device.ts";
import { random } from "./gradcheck.ts";

/** Two ranges of keys of a row, or of rows of a key: [from, to), twice. */
export type Span = readonly [number, number, number, number];

export interface Sizes {
  N: number;
  S: number;
  H: number;
  K: number;
  D: number;
}

/** Inputs of attention, and the gradient of its output. */
export interface Inputs {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  dout: Float32Array;
}

/** Output of attention, and gradients of its inputs. */
export interface Outputs {
  out: ArrayLike<number>;
  dq: ArrayLike<number>;
  dk: ArrayLike<number>;
  dv: ArrayLike<number>;
}

/** Which rows attend which keys: `key` holds at least the inverse of `query`. */
export interface Relation {
  query: readonly Span[];
  key: readonly Span[];
}

export const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** Each row attends itself and the rows before it. */
export const causal = (N: number): Relation => ({
  query: range(0, N).map((n) => [0, n + 1, 0, 0]),
  key: range(0, N).map((j) => [j, N, 0, 0]),
});

/** `count` causal sequences of `suffix` rows behind one causal prefix that they share. */
export function sharedPrefix(prefix: number, suffix: number, count: number): Relation & { N: number } {
  const N = prefix + count * suffix;
  const own = (n: number) => Math.floor((n - prefix) / suffix) * suffix + prefix;
  return {
    N,
    query: range(0, N).map((n) => (n < prefix ? [0, n + 1, 0, 0] : [0, prefix, own(n), n + 1])),
    key: range(0, N).map((j) => (j < prefix ? [j, prefix, prefix, N] : [j, own(j) + suffix, 0, 0])),
  };
}

export const inputs = ({ N, S, H, K, D }: Sizes): Inputs => ({
  q: random(1, N * H * D),
  k: random(2, S * K * D),
  v: random(3, S * K * D),
  dout: random(4, N * H * D),
});

/** Forward and backward in double precision, key by key. */
export function exact(sizes: Sizes, { q, k, v, dout }: Inputs, query: readonly Span[], scale: number): Outputs {
  const { N, S, H, K, D } = sizes;
  const out = new Float64Array(N * H * D);
  const dq = new Float64Array(N * H * D);
  const dk = new Float64Array(S * K * D);
  const dv = new Float64Array(S * K * D);
  const dot = (a: Float32Array, i: number, b: Float32Array, j: number) => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += a[i + d]! * b[j + d]!;
    return sum;
  };
  for (const [n, [a, b, c, e]] of query.entries())
    for (let h = 0; h < H; h++) {
      const row = (n * H + h) * D;
      const keys = [...range(a, b), ...range(c, e)].map((j) => (j * K + Math.floor(h / (H / K))) * D);
      const scores = keys.map((key) => scale * dot(q, row, k, key));
      const top = Math.max(...scores);
      const whole = scores.reduce((s, x) => s + Math.exp(x - top), 0);
      const p = scores.map((x) => Math.exp(x - top) / whole);
      const dp = keys.map((key) => dot(dout, row, v, key));
      const mean = p.reduce((s, x, t) => s + x * dp[t]!, 0);
      for (const [t, key] of keys.entries()) {
        const ds = scale * p[t]! * (dp[t]! - mean);
        for (let d = 0; d < D; d++) {
          out[row + d]! += p[t]! * v[key + d]!;
          dq[row + d]! += ds * k[key + d]!;
          dk[key + d]! += ds * q[row + d]!;
          dv[key + d]! += p[t]! * dout[row + d]!;
        }
      }
    }
  return { out, dq, dk, dv };
}

/** The op's forward and backward pass, run twice, on activations: their gradients are assigned, not added to. */
export async function run(
  { N, S, H, K, D }: Sizes,
  numbers: Inputs,
  { query, key, scale }: Relation & { scale: number },
  choice?: AttentionChoice,
  device = gpu,
): Promise<Record<keyof Outputs, Float32Array>> {
  const plan = new Plan(device, "attention");
  const tape = new Tape(plan);
  const source = plan.empty("source", [1]);
  tape.train(source, plan.empty("dsource", [1]));
  const gradients: Tensor[] = [];
  const activation = (name: "q" | "k" | "v", rows: number, heads: number) => {
    const tensor = plan.upload(name, numbers[name], [rows, heads, D]);
    tape.record(tensor, [source], () => {
      gradients.unshift(tape.gradient(tensor));
    });
    return tensor;
  };
  const [q, k, v] = [activation("q", N, H), activation("k", S, K), activation("v", S, K)];
  const spans = {
    query: plan.upload("query", new Uint32Array(query.flat()), [N, 4]),
    key: plan.upload("key", new Uint32Array(key.flat()), [S, 4]),
  };
  const out = attention(tape, { q, k, v, spans, scale }, choice);
  device.write(tape.into(out)!.d, numbers.dout);
  tape.backward();
  plan.run();
  plan.run();
  const [o, dq, dk, dv] = await device.read(out, ...gradients);
  plan.free();
  return { out: o!, dq: dq!, dk: dk!, dv: dv! };
}

/** The largest difference. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** @param gradientTolerance  gradients of keys are sums over all rows, whose number their error grows with */
export function expectClose(got: Outputs, wanted: Outputs, gradientTolerance = 1e-5): void {
  expect(worst(got.out, wanted.out)).toBeLessThan(1e-5);
  for (const name of ["dq", "dk", "dv"] as const)
    expect(worst(got[name], wanted[name]), name).toBeLessThan(gradientTolerance);
}
