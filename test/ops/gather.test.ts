import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { noIndex } from "../../src/gpu/tensor.ts";
import { gather, inverseOf } from "../../src/ops/gather.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

/** A map on the device with its inverse. */
function map(
  index: number[],
  [N, E]: [number, number],
  R: number,
  { weight, capacity }: { weight?: Float32Array; capacity?: number } = {},
) {
  const indices = Uint32Array.from(index);
  const { start, entry } = inverseOf(indices, R, capacity);
  return {
    index: gpu.upload("index", indices, [N, E]),
    weight: weight && gpu.upload("weight", weight, [N, E]),
    inverse: { start: gpu.upload("start", start, [R + 1]), entry: gpu.upload("entry", entry, [entry.length]) },
  };
}

const table = gpu.upload("table", new Float32Array([1, 2, 10, 20, 100, 200]), [3, 2]);

test("gather() picks rows, and none where the index is noIndex", async () => {
  const out = await forward((tape) => gather(tape, table, map([2, noIndex, 0, 2], [4, 1], 3)));
  expect(out).toEqual(new Float32Array([100, 200, 0, 0, 1, 2, 100, 200]));
});

test("gather() mixes weighted rows and adds them to others", async () => {
  const mix = map([0, 1, noIndex, 2], [2, 2], 3, { weight: new Float32Array([0.5, 2, 9, 0.25]) });
  const addTo = gpu.upload("addTo", new Float32Array([1000, 2000, 3000, 4000]), [2, 2]);
  const out = await forward((tape) => gather(tape, table, mix, addTo));
  expect(out).toEqual(new Float32Array([1020.5, 2041, 3025, 4050]));
});

test("gather() equals a sum in double precision", async () => {
  const [N, E, R, C] = [90, 4, 33, 37];
  const values = random(1, R * C);
  const weights = random(2, N * E);
  const index = Array.from({ length: N * E }, (_, i) => (i % 7 === 3 ? noIndex : (i * i + 5 * i) % R));
  const rows = gpu.upload("table", values, [R, C]);
  const out = await forward((tape) => gather(tape, rows, map(index, [N, E], R, { weight: weights })));
  let worst = 0;
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      let sum = 0;
      for (let e = n * E; e < (n + 1) * E; e++)
        if (index[e] !== noIndex) sum += weights[e]! * values[index[e]! * C + c]!;
      worst = Math.max(worst, Math.abs(sum - out[n * C + c]!));
    }
  expect(worst).toBeLessThan(1e-6);
});

test("gather() gives a row the same bits whatever rows stand beside it", async () => {
  const [N, E, R, C] = [20, 4, 9, 5];
  const weights = random(3, N * E);
  const index = Array.from({ length: N * E }, (_, i) => (i * i) % R);
  const rows = gpu.upload("table", random(4, R * C), [R, C]);
  const many = await forward((tape) => gather(tape, rows, map(index, [N, E], R, { weight: weights })));
  const own = map(index.slice(13 * E, 14 * E), [1, E], R, { weight: weights.slice(13 * E, 14 * E) });
  expect(await forward((tape) => gather(tape, rows, own))).toEqual(many.slice(13 * C, 14 * C));
});

test("gather() has the gradient of its forward, for rows named often, once and never", () => {
  const mix = map([0, 1, 1, noIndex, 1, 3], [3, 2], 5, { weight: random(5, 6), capacity: 11 });
  return gradcheck({ table: [5, 3], addTo: [3, 3] }, (tape, { table, addTo }) => gather(tape, table, mix, addTo));
});

test("gather() has the gradient of its forward where the table and addTo are computed", () => {
  const first = map([2, 0, 1, 2], [4, 1], 3);
  const second = map([3, 3, noIndex, 0], [4, 1], 4);
  const third = map([1, 1, 0, 2], [4, 1], 4);
  return gradcheck({ table: [3, 2] }, (tape, { table }) => {
    const rows = gather(tape, table, first);
    return gather(tape, rows, second, gather(tape, rows, third));
  });
});

test("gather() takes a map that the host rewrites between replays, within its capacity", async () => {
  const plan = new Plan(gpu, "gather");
  const tape = new Tape(plan);
  const rows = plan.upload("table", new Float32Array([1, 2, 3]), [3, 1]);
  const drows = plan.upload("dtable", new Float32Array(3), [3, 1]);
  tape.train(rows, drows);
  const changing = map([0, noIndex, noIndex, noIndex], [4, 1], 3, { capacity: 4 });
  const out = gather(tape, rows, changing);
  gpu.write(tape.into(out)!.d, new Float32Array([1, 10, 100, 1000]));
  tape.backward();
  plan.run();
  expect(await gpu.read(drows)).toEqual(new Float32Array([1, 0, 0]));

  const index = Uint32Array.from([2, 0, 2, noIndex]);
  const { start, entry } = inverseOf(index, 3, 4);
  gpu.write(changing.index, index);
  gpu.write(changing.inverse.start, start);
  gpu.write(changing.inverse.entry, entry);
  gpu.clear(drows);
  plan.run();
  expect(await gpu.read(out)).toEqual(new Float32Array([3, 1, 3, 0]));
  expect(await gpu.read(drows)).toEqual(new Float32Array([10, 0, 101]));
});

test("gather() says what is wrong with shapes, and that a trained table needs the inverse", () => {
  const tape = new Tape(new Plan(gpu, "gather"));
  const { index } = map([0, 1], [2, 1], 3);
  const addTo = gpu.empty("hidden", [3, 2]);
  expect(() => gather(tape, table, { index }, addTo)).toThrow("hidden has shape (3, 2), expected (2, 2)");
  tape.train(table, gpu.empty("dtable", [3, 2]));
  expect(() => gather(tape, table, { index })).toThrow("The gradient of table needs the inverse of index");
});

test("inverseOf() lists the places of each row, ascending, and pads to the capacity", () => {
  const index = Uint32Array.from([1, noIndex, 3, 1, 0, 1]);
  expect(inverseOf(index, 4, 7)).toEqual({
    start: Uint32Array.from([0, 1, 4, 4, 5]),
    entry: Uint32Array.from([4, 0, 3, 5, 2, 0, 0]),
  });
  expect(inverseOf(Uint32Array.from([noIndex]), 2)).toEqual({ start: new Uint32Array(3), entry: new Uint32Array(1) });
});

test("inverseOf() refuses a row that is not there and a capacity that is too small", () => {
  expect(() => inverseOf(Uint32Array.from([0, 4]), 4)).toThrow("index[1] is 4, expected a row below 4 or noIndex");
  expect(() => inverseOf(Uint32Array.from([0, 1, 1]), 4, 2)).toThrow("The index names 3 rows, a capacity of 2");
});

test("the gradient of a row that many places refer to adds them up in their order", async () => {
  const [N, R, C] = [333, 5, 3];
  const index = Array.from({ length: N }, (_, i) => (i * i + 3 * i) % R);
  const values = random(8, N * C);
  const plan = new Plan(gpu, "gather");
  const tape = new Tape(plan);
  const rows = plan.upload("table", new Float32Array(R * C), [R, C]);
  const drows = plan.upload("dtable", new Float32Array(R * C), [R, C]);
  tape.train(rows, drows);
  const out = gather(tape, rows, map(index, [N, 1], R));
  gpu.write(tape.into(out)!.d, values);
  tape.backward();
  plan.run();
  // Sums of f32, each rounded when it is stored.
  const wanted = new Float32Array(R * C);
  for (let n = 0; n < N; n++) for (let c = 0; c < C; c++) wanted[index[n]! * C + c]! += values[n * C + c]!;
  expect(await gpu.read(drows)).toEqual(wanted);
  plan.free();
});
