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
 * Compares an op's backward kernels with central differences of its forward kernel, twice: once where the inputs are
 * activations, whose gradients are assigned over whatever the buffers held, and once where they are weights, whose
 * gradients are added to what was there.
 *
 * The loss is a random projection of the output, not its sum: a softmax sums to one whatever its input, and a sum
 * would call its gradient zero and its bugs right. The pass is recorded once and replayed for every difference, and
 * all outputs are read together.
 */
export async function gradcheck<Name extends string>(
  shapes: Record<Name, number[]>,
  op: Op<Name>,
  {
    h = 1e-2,
    tolerance = 2e-3,
    values: given = {} as Partial<Record<Name, Float32Array>>,
    /** Inputs that can be nothing but weights: their gradients are never assigned. */
    weights = [] as readonly NoInfer<Name>[],
  } = {},
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

  const gradients = { assigned: {}, added: {} } as Record<"assigned" | "added", Record<Name, Float32Array>>;
  for (const way of ["assigned", "added"] as const) {
    const pass = new Plan(gpu, `gradcheck.${way}`);
    const tape = new Tape(pass);
    const arrived = {} as Record<Name, Tensor>;
    const added = (n: Name) => way === "added" || weights.includes(n);
    for (const n of names)
      if (added(n)) {
        arrived[n] = pass.empty(`d${n}`, shapes[n]);
        tape.train(inputs[n], arrived[n]);
      } else {
        // As if an op had made it from something trained; its backward pass comes last and finds the gradients that have arrived.
        const source = pass.empty("source", [1]);
        tape.train(source, pass.empty("dsource", [1]));
        tape.record(inputs[n], [source], () => {
          arrived[n] = tape.gradient(inputs[n]);
        });
      }
    const dout = tape.into(op(tape, inputs))!.d;
    tape.backward();
    // Assigned twice is the same as once: the second replay finds the buffers full of numbers.
    for (let run = 0; run < (way === "assigned" ? 2 : 1); run++) {
      gpu.write(dout, projection);
      for (const n of names) if (added(n)) gpu.write(arrived[n], new Float32Array(size(shapes[n])).fill(0.5));
      pass.run();
    }
    expect(Object.keys(arrived).sort(), "inputs that a gradient has reached").toEqual([...names].sort());
    const read = [await gpu.read(...names.map((n) => arrived[n]))].flat();
    names.forEach((n, i) => {
      gradients[way][n] = read[i]!.map((v) => (added(n) ? v - 0.5 : v));
    });
    pass.free();
  }

  const moved = names.flatMap((n) => Array.from(values[n], (centre, i) => ({ n, i, centre })));
  const outputs = plan.empty("gradcheck.outputs", [moved.length * 2, projection.length]);
  const keepOutput = (place: number) => {
    plan.run();
    const encoder = gpu.device.createCommandEncoder();
    const bytes = projection.length * 4;
    encoder.copyBufferToBuffer(out.buffer, out.offsetBytes, outputs.buffer, place * bytes, bytes);
    gpu.device.queue.submit([encoder.finish()]);
  };
  moved.forEach(({ n, i, centre }, k) => {
    gpu.write(inputs[n], Float32Array.of(centre + h), i);
    keepOutput(2 * k);
    gpu.write(inputs[n], Float32Array.of(centre - h), i);
    keepOutput(2 * k + 1);
    gpu.write(inputs[n], Float32Array.of(centre), i);
  });
  const all = await gpu.read(outputs);
  const loss = (place: number) => projection.reduce((sum, p, j) => sum + p * all[place * projection.length + j]!, 0);
  moved.forEach(({ n, i }, k) => {
    const numeric = (loss(2 * k) - loss(2 * k + 1)) / (2 * h);
    const allowed = tolerance * Math.max(1, Math.abs(numeric));
    for (const way of ["assigned", "added"] as const) {
      const analytic = gradients[way][n][i]!;
      expect(
        Math.abs(analytic - numeric),
        `d${n}[${i}], ${way}, is ${analytic}, but differences say ${numeric}`,
      ).toBeLessThan(allowed);
    }
  });
  plan.free();
}
