import { expect } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { size, type Tensor } from "../../src/gpu/tensor.ts";
import { gpu } from "./device.ts";

/** Numbers between -1 and 1, the same every time (a Weyl sequence with its bits mixed). */
export function random(seed: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    return ((h ^ (h >>> 15)) >>> 0) / 2 ** 31 - 1;
  });
}

export type Op<Name extends string> = (tape: Tape, inputs: Record<Name, Tensor>) => Tensor;

/** Runs an op forward and returns its output. */
export async function forward(op: (tape: Tape) => Tensor): Promise<Float32Array> {
  const plan = new Plan(gpu, "forward");
  const out = op(new Tape(plan, false));
  plan.run();
  const values = await gpu.read(out);
  plan.free();
  return values;
}

/**
 * Compares an op's backward kernels with central differences of its forward kernel, twice: once where the gradients
 * are assigned, once where they are added to what was there.
 *
 * The loss is a random projection of the output, not its sum: a softmax sums to one whatever its input, and a sum
 * would call its gradient zero and its bugs right. The walk is recorded once and replayed for every difference.
 */
export async function gradcheck<Name extends string>(
  shapes: Record<Name, number[]>,
  op: Op<Name>,
  { h = 1e-2, tolerance = 2e-3, values: given = {} as Partial<Record<Name, Float32Array>> } = {},
): Promise<void> {
  const names = Object.keys(shapes) as Name[];
  const plan = new Plan(gpu, "gradcheck");
  const values = {} as Record<Name, Float32Array>;
  const inputs = {} as Record<Name, Tensor>;
  names.forEach((n, i) => {
    values[n] = Float32Array.from(given[n] ?? random(i + 1, size(shapes[n])));
    inputs[n] = plan.upload(n, values[n], shapes[n]);
  });
  const out = op(new Tape(plan, false), inputs);
  const projection = random(99, size(out.shape));

  const loss = async () => {
    for (const n of names) gpu.write(inputs[n], values[n]);
    plan.run();
    const y = await gpu.read(out);
    return y.reduce((sum, v, i) => sum + v * projection[i]!, 0);
  };

  const gradients: Record<string, Float32Array>[] = [];
  for (const initial of [0, 0.5]) {
    const walk = new Plan(gpu, "gradcheck.backward");
    const tape = new Tape(walk);
    const into = {} as Record<Name, Tensor>;
    for (const n of names) {
      into[n] = walk.upload(`d${n}`, new Float32Array(size(shapes[n])).fill(initial), shapes[n]);
      tape.train(inputs[n], into[n]);
    }
    const result = op(tape, inputs);
    gpu.write(tape.into(result)!.d, projection);
    tape.backward();
    walk.run();
    const read = {} as Record<string, Float32Array>;
    for (const n of names) read[n] = (await gpu.read(into[n])).map((v) => v - initial);
    gradients.push(read);
    walk.free();
  }

  for (const n of names)
    for (let i = 0; i < values[n].length; i++) {
      const centre = values[n][i]!;
      values[n][i] = centre + h;
      const above = await loss();
      values[n][i] = centre - h;
      const below = await loss();
      values[n][i] = centre;
      const numeric = (above - below) / (2 * h);
      for (const gradient of gradients) {
        const analytic = gradient[n]![i]!;
        const allowed = tolerance * Math.max(1, Math.abs(numeric));
        expect(Math.abs(analytic - numeric), `d${n}[${i}] = ${analytic}, but differences say ${numeric}`).toBeLessThan(allowed);
      }
    }
  plan.free();
}
