import { expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { heads } from "../../src/ops/heads.ts";
import { join } from "../../src/ops/join.ts";
import { rmsnorm } from "../../src/ops/rmsnorm.ts";
import { gpu } from "../support/device.ts";
import { gradcheck, random } from "../support/gradcheck.ts";

const eps = 1e-6;
const [H, K] = [3, 2];

/** cos and sin of some angles. */
const rotationValues = (N: number, D: number) =>
  Float32Array.from({ length: N * D }, (_, at) => {
    const angle = Math.floor(at / 2) * 0.37;
    return at % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
const upload = (name: string, values: Float32Array, ...shape: number[]) => gpu.upload(name, values, shape);

async function split(packed: Float32Array, N: number, D: number, normed: boolean) {
  const plan = new Plan(gpu, "heads");
  const made = heads(new Tape(plan, false), upload("packed", packed, N, (H + 2 * K) * D), {
    H,
    K,
    rotations: upload("rotations", rotationValues(N, D), N, D / 2, 2),
    norm: normed ? { weight: upload("norm", random(8, 2 * D), 2 * D), eps } : undefined,
  });
  plan.run();
  const [q, k, v] = await gpu.read(made.q, made.k, made.v);
  plan.free();
  return { q: q!, k: k!, v: v! };
}

/** The numbers of some heads of every row. */
const headsOf = (packed: Float32Array, { N, D, first, count }: Record<"N" | "D" | "first" | "count", number>) =>
  Float32Array.from({ length: N * count * D }, (_, at) => {
    const n = Math.floor(at / (count * D));
    return packed[(n * (H + 2 * K) + first) * D + (at % (count * D))]!;
  });

/** Rotated in double precision. */
function rotated(xs: Float32Array, N: number, D: number) {
  const rotations = rotationValues(N, D);
  const count = xs.length / N / D;
  return Float32Array.from(xs, (_, at) => {
    const [n, c] = [Math.floor(at / (count * D)), at % D];
    const i = c % (D / 2);
    const [cos, sin] = [rotations[(n * (D / 2) + i) * 2]!, rotations[(n * (D / 2) + i) * 2 + 1]!];
    const [a, b] = [xs[at - c + i]!, xs[at - c + i + D / 2]!];
    return c < D / 2 ? a * cos - b * sin : b * cos + a * sin;
  });
}

const worst = (got: Float32Array, want: Float32Array) => {
  expect(got.length).toBe(want.length);
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - want[i]!)), 0);
};

test("heads() splits a row and rotates queries and keys by a quarter turn: (1, 2) becomes (-2, 1)", async () => {
  const plan = new Plan(gpu, "heads");
  const made = heads(
    new Tape(plan, false),
    upload("packed", new Float32Array([1, 5, 2, 6, 3, 7, 4, 8, 9, 8, 7, 6]), 1, 12),
    {
      H: 1,
      K: 1,
      rotations: upload("rotations", new Float32Array([0, 1, 1, 0]), 1, 2, 2),
    },
  );
  plan.run();
  expect(await gpu.read(made.q, made.k, made.v)).toEqual([
    new Float32Array([-2, 5, 1, 6]),
    new Float32Array([-4, 7, 3, 8]),
    new Float32Array([9, 8, 7, 6]),
  ]);
  plan.free();
});

test.each([8, 64, 128, 192])(
  "heads() of %i numbers, without norms and with those of rmsnorm() bit for bit",
  async (D) => {
    const N = 23;
    const packed = random(1, N * (H + 2 * K) * D);
    const [q, k, v] = [
      headsOf(packed, { N, D, first: 0, count: H }),
      headsOf(packed, { N, D, first: H, count: K }),
      headsOf(packed, { N, D, first: H + K, count: K }),
    ];
    const plain = await split(packed, N, D, false);
    expect(worst(plain.q, rotated(q, N, D))).toBeLessThan(1e-6);
    expect(worst(plain.k, rotated(k, N, D))).toBeLessThan(1e-6);
    expect(plain.v).toEqual(v);

    // The same heads, normalized by rmsnorm() and put back: only the rotation is left.
    const plan = new Plan(gpu, "rmsnorm");
    const weight = random(8, 2 * D);
    const normed = (xs: Float32Array, which: number) =>
      rmsnorm(
        new Tape(plan, false),
        upload("x", xs, xs.length / D, D),
        upload("weight", weight.slice(which * D, (which + 1) * D), D),
        eps,
      );
    const [qs, ks] = [normed(q, 0), normed(k, 1)];
    plan.run();
    const [nq, nk] = (await gpu.read(qs, ks)) as [Float32Array, Float32Array];
    const again = packed.slice();
    for (let n = 0; n < N; n++) {
      again.set(nq.subarray(n * H * D, (n + 1) * H * D), n * (H + 2 * K) * D);
      again.set(nk.subarray(n * K * D, (n + 1) * K * D), (n * (H + 2 * K) + H) * D);
    }
    expect(await split(packed, N, D, true)).toEqual(await split(again, N, D, false));
    plan.free();
  },
);

test.each([false, true])(
  "heads() gives a row the same bits whatever rows stand beside it, norms: %s",
  async (normed) => {
    const [N, D] = [9, 128];
    const row = (H + 2 * K) * D;
    const packed = random(2, N * row);
    const many = await split(packed, N, D, normed);
    // Row 0 has the same angles alone.
    const one = await split(packed.slice(0, row), 1, D, normed);
    expect(one.q).toEqual(many.q.slice(0, H * D));
    expect(one.k).toEqual(many.k.slice(0, K * D));
  },
);

test("heads() writes keys and values into the given rows of a cache, and no others", async () => {
  const [N, S, D] = [37, 90, 8];
  const packed = random(3, N * (H + 2 * K) * D);
  const index = Uint32Array.from({ length: N }, (_, n) => (n * 7 + 5) % S);
  const before = [random(4, S * K * D), random(5, S * K * D)];
  const plan = new Plan(gpu, "heads");
  const [keys, values] = before.map((b) => plan.upload("cache", b, [S, K, D])) as [Tensor, Tensor];
  const made = heads(new Tape(plan, false), plan.upload("packed", packed, [N, (H + 2 * K) * D]), {
    H,
    K,
    rotations: plan.upload("rotations", rotationValues(N, D), [N, D / 2, 2]),
    cache: { rows: plan.upload("rows", index, [N]), keys, values },
  });
  expect([made.k, made.v]).toEqual([keys, values]);
  plan.run();
  const [gotQ, gotKeys, gotValues] = await gpu.read(made.q, keys, values);
  const plain = await split(packed, N, D, false);
  const want = before.map((b) => b.slice());
  index.forEach((row, n) => {
    want[0]!.set(plain.k.subarray(n * K * D, (n + 1) * K * D), row * K * D);
    want[1]!.set(plain.v.subarray(n * K * D, (n + 1) * K * D), row * K * D);
  });
  expect(gotQ).toEqual(plain.q);
  expect(gotKeys).toEqual(want[0]);
  expect(gotValues).toEqual(want[1]);
  plan.free();
});

/** Every output counts, each by other factors. */
function mixed(tape: Tape, { q, k, v }: { q: Tensor; k: Tensor; v: Tensor }): Tensor {
  const flat = (t: Tensor): Tensor => ({ ...t, shape: [t.shape[0]!, t.shape[1]! * t.shape[2]!], base: t.base ?? t });
  return join(tape, [flat(q), flat(k), flat(v)]);
}

test.each([
  [3, 8],
  [2, 72],
])("heads() has the gradient of its forward, %i rows of heads of %i", async (N, D) => {
  const rotations = upload("rotations", rotationValues(N, D), N, D / 2, 2);
  await gradcheck({ packed: [N, 4 * D] }, (tape, { packed }) =>
    mixed(tape, heads(tape, packed, { H: 2, K: 1, rotations })),
  );
  await gradcheck({ packed: [N, 4 * D], weight: [2 * D] }, (tape, { packed, weight }) =>
    mixed(tape, heads(tape, packed, { H: 2, K: 1, rotations, norm: { weight, eps } })),
  );
});

test("heads() adds up the gradient of norms over more rows than one split has", async () => {
  const [N, D] = [70, 8];
  const plan = new Plan(gpu, "heads");
  const tape = new Tape(plan);
  const packed = plan.upload("packed", random(6, N * 4 * D), [N, 4 * D]);
  const weight = plan.upload("weight", new Float32Array(2 * D).fill(1), [2 * D]);
  const dweight = plan.upload("dweight", new Float32Array(2 * D), [2 * D]);
  tape.train(weight, dweight);
  // Angles of 0, so that the gradient of a weight is the sum of what it was multiplied with.
  const still = Float32Array.from({ length: N * D }, (_, at) => 1 - (at % 2));
  const made = heads(tape, packed, {
    H: 2,
    K: 1,
    rotations: plan.upload("rotations", still, [N, D / 2, 2]),
    norm: { weight, eps },
  });
  const douts = [made.q, made.k, made.v].map((t) => tape.into(t)!.d);
  tape.backward();
  for (const d of douts) gpu.write(d, new Float32Array(d.shape.reduce((a, b) => a * b)).fill(1));
  plan.run();
  const [got, q, k] = (await gpu.read(dweight, made.q, made.k)) as [Float32Array, Float32Array, Float32Array];
  for (let c = 0; c < 2 * D; c++) {
    const of = c < D ? q : k;
    let sum = 0;
    for (let at = c % D; at < of.length; at += D) sum += of[at]!;
    expect(got[c]).toBeCloseTo(sum, 4);
  }
  plan.free();
});

test("heads() says what does not fit", () => {
  const tape = new Tape(new Plan(gpu, "heads"));
  const rotations = gpu.empty("rotations", [2, 4, 2]);
  const packed = gpu.empty("qkv", [2, 32]);
  expect(() => heads(tape, packed, { H: 2, K: 2, rotations })).toThrow("qkv has shape (2, 32), expected (2, 48)");
  const cache = {
    rows: gpu.empty("rows", [2], "u32"),
    keys: gpu.empty("keys", [9, 1, 8]),
    values: gpu.empty("values", [8, 1, 8]),
  };
  expect(() => heads(tape, packed, { H: 2, K: 1, rotations, cache })).toThrow(
    "values has shape (8, 1, 8), expected (9, 1, 8)",
  );
  tape.train(packed, gpu.empty("dqkv", [2, 32]));
  expect(() => heads(tape, packed, { H: 2, K: 1, rotations, cache: { ...cache, values: cache.keys } })).toThrow(
    "qkv is to be trained, which a cache cannot be part of",
  );
});
