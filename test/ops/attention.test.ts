import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { attention } from "../../src/ops/attention.ts";
import type { AttentionKernel } from "../../src/ops/attention_forward.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

/** Four numbers a row: [from, to) twice. */
type Span = readonly [number, number, number, number];

interface Sizes {
  N: number;
  S: number;
  H: number;
  K: number;
  D: number;
}

interface Numbers {
  out: Float32Array | Float64Array;
  dq: Float32Array | Float64Array;
  dk: Float32Array | Float64Array;
  dv: Float32Array | Float64Array;
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const members = ([a, b, c, d]: Span) => [...range(a, b), ...range(c, d)];
const causal = (N: number): Span[] => range(0, N).map((n) => [0, n + 1, 0, 0]);
const inverseCausal = (N: number): Span[] => range(0, N).map((j) => [j, N, 0, 0]);

/** Forward and backward in double precision, key by key. */
function exact({ N, S, H, K, D }: Sizes, [q, k, v, dout]: Float32Array[], spans: Span[], scale: number): Numbers {
  const out = new Float64Array(N * H * D);
  const dq = new Float64Array(N * H * D);
  const dk = new Float64Array(S * K * D);
  const dv = new Float64Array(S * K * D);
  for (let n = 0; n < N; n++)
    for (let h = 0; h < H; h++) {
      const row = (n * H + h) * D;
      const keys = members(spans[n]!).map((j) => (j * K + Math.floor(h / (H / K))) * D);
      const dot = (a: Float32Array, i: number, b: Float32Array, j: number) =>
        range(0, D).reduce((s, d) => s + a[i + d]! * b[j + d]!, 0);
      const scores = keys.map((key) => scale * dot(q!, row, k!, key));
      const top = Math.max(...scores);
      const whole = scores.reduce((s, x) => s + Math.exp(x - top), 0);
      const p = scores.map((x) => Math.exp(x - top) / whole);
      const dp = keys.map((key) => dot(dout!, row, v!, key));
      const mean = p.reduce((s, x, t) => s + x * dp[t]!, 0);
      keys.forEach((key, t) => {
        const ds = scale * p[t]! * (dp[t]! - mean);
        for (let d = 0; d < D; d++) {
          out[row + d]! += p[t]! * v![key + d]!;
          dq[row + d]! += ds * k![key + d]!;
          dk[key + d]! += ds * q![row + d]!;
          dv[key + d]! += p[t]! * dout![row + d]!;
        }
      });
    }
  return { out, dq, dk, dv };
}

/** The op's forward and backward, replayed twice, on activations: their gradients are assigned, not added to. */
async function run(
  { N, S, H, K, D }: Sizes,
  [q, k, v, dout]: Float32Array[],
  query: Span[],
  key: Span[],
  scale: number,
  tiled?: boolean,
): Promise<Numbers> {
  const plan = new Plan(gpu, "attention");
  const tape = new Tape(plan);
  const source = plan.empty("source", [1]);
  tape.train(source, plan.empty("dsource", [1]));
  const arrived: Tensor[] = [];
  const up = (name: string, values: Float32Array, rows: number, heads: number) => {
    const tensor = plan.upload(name, values, [rows, heads, D]);
    tape.record(tensor, [source], () => {
      arrived.unshift(tape.gradient(tensor));
    });
    return tensor;
  };
  const [uq, uk, uv] = [up("q", q!, N, H), up("k", k!, S, K), up("v", v!, S, K)];
  const spans = {
    query: plan.upload("query", new Uint32Array(query.flat()), [N, 4]),
    key: plan.upload("key", new Uint32Array(key.flat()), [S, 4]),
  };
  const out = attention(tape, { q: uq, k: uk, v: uv, spans, scale }, { tiledBackward: tiled });
  gpu.write(tape.into(out)!.d, dout!);
  tape.backward();
  plan.run();
  plan.run();
  const [o, dq, dk, dv] = await gpu.read(out, ...arrived);
  plan.free();
  return { out: o!, dq: dq!, dk: dk!, dv: dv! };
}

const inputs = ({ N, S, H, K, D }: Sizes) => [
  random(1, N * H * D),
  random(2, S * K * D),
  random(3, S * K * D),
  random(4, N * H * D),
];

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  range(0, a.length).reduce((w, i) => Math.max(w, Math.abs(a[i]! - b[i]!)), 0);

/** Gradients of keys are sums over all rows: the error may grow with them. */
function expectClose(got: Numbers, wanted: Numbers, gradientTolerance = 1e-5): void {
  expect(worst(got.out, wanted.out)).toBeLessThan(1e-5);
  for (const name of ["dq", "dk", "dv"] as const)
    expect(worst(got[name], wanted[name]), name).toBeLessThan(gradientTolerance);
}

test("attention() weighs two values by the softmax of their scores", async () => {
  const q = gpu.upload("q", new Float32Array([1, 0, 0, 0]), [1, 1, 4]);
  const k = gpu.upload("k", new Float32Array([Math.log(3), 5, 5, 5, 0, 7, 7, 7]), [2, 1, 4]);
  const v = gpu.upload("v", new Float32Array([4, 8, 0, 1, 8, 0, 4, 1]), [2, 1, 4]);
  const query = gpu.upload("query", new Uint32Array([0, 2, 0, 0]), [1, 4]);
  const out = await forward((tape) => attention(tape, { q, k, v, spans: { query }, scale: 1 }));
  [5, 6, 1, 1].forEach((value, i) => {
    expect(out[i]).toBeCloseTo(value, 5);
  });
});

describe("attention() equals double precision, forward and backward,", () => {
  test.each([
    { N: 33, S: 33, H: 4, K: 2, D: 32 },
    { N: 13, S: 13, H: 3, K: 1, D: 40 },
    { N: 70, S: 70, H: 2, K: 2, D: 8 },
    { N: 12, S: 12, H: 2, K: 1, D: 10 },
  ])("on a causal sequence of %o", async (sizes) => {
    const numbers = inputs(sizes);
    const scale = sizes.D ** -0.5;
    const got = await run(sizes, numbers, causal(sizes.N), inverseCausal(sizes.N), scale);
    expectClose(got, exact(sizes, numbers, causal(sizes.N), scale));
  });

  test("on two images, each to itself", async () => {
    const sizes = { N: 40, S: 40, H: 4, K: 4, D: 16 };
    const spans = range(0, 40).map((n): Span => (n < 24 ? [0, 24, 0, 0] : [0, 0, 24, 40]));
    const numbers = inputs(sizes);
    expectClose(await run(sizes, numbers, spans, spans, 0.25), exact(sizes, numbers, spans, 0.25));
  });

  test("on rows with more keys, and keys with more rows, than lanes and workgroups hold", async () => {
    const sizes = { N: 6, S: 1500, H: 2, K: 1, D: 8 };
    const numbers = inputs(sizes);
    const query = range(0, 6).map((n): Span => [n, 700, 900, 1500 - n]);
    // The ranges hold more than the inverse relation: the op looks into the rows' own spans.
    const key = range(0, 1500).map((): Span => [0, 2, 2, 6]);
    expectClose(await run(sizes, numbers, query, key, 0.3), exact(sizes, numbers, query, 0.3));

    const many = { N: 1500, S: 6, H: 2, K: 1, D: 8 };
    const rows = inputs(many);
    const short = range(0, 1500).map((n): Span => [0, 1 + (n % 6), 0, 0]);
    const all = range(0, 6).map((): Span => [0, 1000, 1000, 1500]);
    expectClose(await run(many, rows, short, all, 0.3), exact(many, rows, short, 0.3), 3e-4);
  });

  test("on large scores", async () => {
    const sizes = { N: 20, S: 20, H: 1, K: 1, D: 4 };
    const [q, k, v, dout] = inputs(sizes);
    const numbers = [q!.map((x) => x * 40), k!, v!, dout!];
    expectClose(
      await run(sizes, numbers, causal(20), inverseCausal(20), 5),
      exact(sizes, numbers, causal(20), 5),
      5e-3,
    );
  });
});

test("attention() over a shared prefix equals each sequence with its own copy", async () => {
  const [H, K, D, prefix, suffix, G] = [4, 2, 16, 11, 7, 3];
  const shared = { N: prefix + G * suffix, S: prefix + G * suffix, H, K, D };
  const length = prefix + suffix;
  const copied = { N: G * length, S: G * length, H, K, D };
  const numbers = inputs(shared);
  // The gradient of the prefix rows' own outputs arrives once with the shared prefix: the copies get a third each.
  const place = range(0, copied.N).map((n) =>
    n % length < prefix ? n % length : prefix + Math.floor(n / length) * suffix + (n % length) - prefix,
  );
  const copy = (values: Float32Array, width: number, share = 1) =>
    new Float32Array(
      place.flatMap((from, n) =>
        Array.from(values.subarray(from * width, (from + 1) * width), (x) => (n % length < prefix ? x * share : x)),
      ),
    );
  const own = (n: number) => Math.floor((n - prefix) / suffix) * suffix + prefix;
  const sharedQuery = range(0, shared.N).map((n): Span => (n < prefix ? [0, n + 1, 0, 0] : [0, prefix, own(n), n + 1]));
  const sharedKey = range(0, shared.N).map(
    (j): Span => (j < prefix ? [j, prefix, prefix, shared.N] : [j, own(j) + suffix, 0, 0]),
  );
  const copiedQuery = range(0, copied.N).map((n): Span => [n - (n % length), n + 1, 0, 0]);
  const copiedKey = range(0, copied.N).map((j): Span => [j, j - (j % length) + length, 0, 0]);
  const one = await run(shared, numbers, sharedQuery, sharedKey, 0.25);
  const [q, k, v, dout] = numbers as [Float32Array, Float32Array, Float32Array, Float32Array];
  const many = await run(
    copied,
    [copy(q, H * D), copy(k, K * D), copy(v, K * D), copy(dout, H * D, 1 / G)],
    copiedQuery,
    copiedKey,
    0.25,
  );

  const folded = (values: ArrayLike<number>, width: number) => {
    const sum = new Float64Array(shared.N * width);
    for (let i = 0; i < values.length; i++) sum[place[Math.floor(i / width)]! * width + (i % width)]! += values[i]!;
    return sum;
  };
  // The same keys in the same order: the same bits, wherever the first span ends.
  place.forEach((from, n) => {
    expect(many.out.slice(n * H * D, (n + 1) * H * D)).toEqual(one.out.slice(from * H * D, (from + 1) * H * D));
  });
  expect(worst(one.dq, folded(many.dq, H * D))).toBeLessThan(1e-5);
  expect(worst(one.dk, folded(many.dk, K * D))).toBeLessThan(1e-5);
  expect(worst(one.dv, folded(many.dv, K * D))).toBeLessThan(1e-5);
  expectClose(one, exact(shared, numbers, sharedQuery, 0.25));
});

describe("attention() in tiles equals double precision", () => {
  test.each([
    { N: 45, S: 45, H: 4, K: 2, D: 32 },
    { N: 9, S: 9, H: 3, K: 1, D: 64 },
    { N: 90, S: 90, H: 2, K: 1, D: 72 },
    { N: 70, S: 70, H: 2, K: 2, D: 32 },
  ])("on a causal sequence of %o", async (sizes) => {
    const numbers = inputs(sizes);
    const scale = sizes.D ** -0.5;
    const got = await run(sizes, numbers, causal(sizes.N), inverseCausal(sizes.N), scale, true);
    expectClose(got, exact(sizes, numbers, causal(sizes.N), scale), 2e-5);
  });

  test("with two spans that hold more than the inverse relation, and rows and keys that have none", async () => {
    const sizes = { N: 50, S: 75, H: 4, K: 2, D: 32 };
    const numbers = inputs(sizes);
    const query = range(0, 50).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n, 40, 50, 75 - (n % 5)]));
    const key = range(0, 75).map((j): Span => (j > 40 && j < 50 ? [0, 0, 0, 0] : [0, 20, 20, 50]));
    expectClose(await run(sizes, numbers, query, key, 0.3, true), exact(sizes, numbers, query, 0.3), 3e-5);
  });

  test("on a prefix that sequences share, twice with the same bits", async () => {
    const [prefix, suffix, G] = [40, 9, 5];
    const N = prefix + G * suffix;
    const sizes = { N, S: N, H: 4, K: 2, D: 32 };
    const own = (n: number) => Math.floor((n - prefix) / suffix) * suffix + prefix;
    const query = range(0, N).map((n): Span => (n < prefix ? [0, n + 1, 0, 0] : [0, prefix, own(n), n + 1]));
    const key = range(0, N).map((j): Span => (j < prefix ? [j, prefix, prefix, N] : [j, own(j) + suffix, 0, 0]));
    const numbers = inputs(sizes);
    const got = await run(sizes, numbers, query, key, 0.2, true);
    expectClose(got, exact(sizes, numbers, query, 0.2), 3e-5);
    expect(await run(sizes, numbers, query, key, 0.2, true)).toEqual(got);
  });
});

test("attention() gives 0 and no gradient where a row has no keys or a key no rows", async () => {
  const sizes = { N: 3, S: 4, H: 2, K: 1, D: 4 };
  const numbers = inputs(sizes);
  const query: Span[] = [
    [0, 0, 0, 0],
    [3, 3, 1, 3],
    [2, 2, 4, 4],
  ];
  const key: Span[] = [
    [0, 0, 0, 0],
    [1, 2, 0, 0],
    [0, 0, 1, 2],
    [3, 3, 0, 0],
  ];
  const got = await run(sizes, numbers, query, key, 0.5);
  expect(Array.from(got.out.slice(0, 8))).toEqual(Array(8).fill(0));
  expect(Array.from(got.dq.slice(16))).toEqual(Array(8).fill(0));
  expect(Array.from(got.dk.slice(12))).toEqual(Array(4).fill(0));
  expectClose(got, exact(sizes, numbers, query, 0.5));
});

test("attention() sees spans that were rewritten between replays", async () => {
  const plan = new Plan(gpu, "attention");
  const value = random(5, 6 * 4);
  const query = plan.upload("query", new Uint32Array([0, 1, 0, 0]), [1, 4]);
  const [q, k, v] = [
    plan.upload("q", random(1, 4), [1, 1, 4]),
    plan.upload("k", random(2, 24), [6, 1, 4]),
    plan.upload("v", value, [6, 1, 4]),
  ];
  const out = attention(new Tape(plan, false), { q, k, v, spans: { query }, scale: 1 });
  plan.run();
  expect(await gpu.read(out)).toEqual(value.slice(0, 4));
  gpu.write(query, new Uint32Array([0, 0, 5, 6]));
  plan.run();
  expect(await gpu.read(out)).toEqual(value.slice(20, 24));
  plan.free();
});

test("attention() gives a row the same bits whatever rows stand beside it", async () => {
  const [N, H, K, D] = [45, 4, 2, 32];
  const q = random(1, N * H * D);
  const k = gpu.upload("k", random(2, N * K * D), [N, K, D]);
  const v = gpu.upload("v", random(3, N * K * D), [N, K, D]);
  const query = gpu.upload("query", new Uint32Array(causal(N).flat()), [N, 4]);
  const many = await forward((tape) =>
    attention(tape, { q: gpu.upload("q", q, [N, H, D]), k, v, spans: { query }, scale: 0.2 }),
  );
  const alone = gpu.upload("query", new Uint32Array([0, 20, 20, 42]), [1, 4]);
  const row = gpu.upload("q", q.slice(41 * H * D, 42 * H * D), [1, H, D]);
  const one = await forward((tape) => attention(tape, { q: row, k, v, spans: { query: alone }, scale: 0.2 }));
  expect(one).toEqual(many.slice(41 * H * D, 42 * H * D));
});

describe("attention() has the gradient of its forward", () => {
  const spans = (query: Span[], key: Span[]) => ({
    query: gpu.upload("query", new Uint32Array(query.flat()), [query.length, 4]),
    key: gpu.upload("key", new Uint32Array(key.flat()), [key.length, 4]),
  });

  test("with grouped heads and two spans", () => {
    const who = spans(
      [
        [0, 2, 3, 5],
        [1, 1, 0, 0],
        [0, 1, 2, 5],
      ],
      [
        [0, 1, 2, 3],
        [0, 1, 0, 0],
        [2, 3, 0, 0],
        [0, 1, 2, 3],
        [0, 3, 0, 0],
      ],
    );
    return gradcheck({ q: [3, 2, 3], k: [5, 1, 3], v: [5, 1, 3] }, (tape, { q, k, v }) =>
      attention(tape, { q, k, v, spans: who, scale: 0.7 }),
    );
  });

  test("with a row of more keys than there are lanes, four numbers at a time", () => {
    const who = spans(
      [
        [0, 9, 0, 0],
        [4, 8, 0, 2],
      ],
      range(0, 9).map((): Span => [0, 2, 0, 0]),
    );
    return gradcheck({ q: [2, 1, 4], k: [9, 1, 4], v: [9, 1, 4] }, (tape, { q, k, v }) =>
      attention(tape, { q, k, v, spans: who, scale: 0.5 }),
    );
  });
});

test("attention() says what does not fit", () => {
  const tape = new Tape(new Plan(gpu, "attention"));
  const [q, k, v] = [gpu.empty("q_proj", [2, 3, 4]), gpu.empty("k_proj", [5, 2, 4]), gpu.empty("v_proj", [5, 2, 4])];
  const query = gpu.empty("query", [2, 4], "u32");
  expect(() => attention(tape, { q, k, v, spans: { query }, scale: 1 })).toThrow(
    "q_proj has 3 heads, expected a multiple of the 2 key heads of k_proj",
  );
  const narrow = gpu.empty("k_proj", [5, 3, 2]);
  expect(() => attention(tape, { q, k: narrow, v, spans: { query }, scale: 1 })).toThrow(
    "k_proj has shape (5, 3, 2), expected (-1, -1, 4)",
  );
  const trained = gpu.empty("k_proj", [5, 3, 4]);
  tape.train(trained, gpu.empty("dk_proj", [5, 3, 4]));
  expect(() => attention(tape, { q, k: trained, v: gpu.empty("v", [5, 3, 4]), spans: { query }, scale: 1 })).toThrow(
    "needs spans.key (5, 4)",
  );
});

describe("attention() in tiles, and row by row, gives the same bits", () => {
  const [prefix, suffix, G] = [70, 9, 5];
  const N = prefix + G * suffix;
  const own = (n: number) => Math.floor((n - prefix) / suffix) * suffix + prefix;
  const shared = range(0, N).map((n): Span => (n < prefix ? [0, n + 1, 0, 0] : [0, prefix, own(n), n + 1]));
  const odd = range(0, N).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n % 11, 40 + n, N, N + 90 + (n % 5)]));
  // 5 to 11 tiles: `join` loads four at a time.
  const long = range(0, N).map((n): Span => [n % 3, 257 + 2 * n, N + 400, N + 401 + (n % 64) * 3]);

  test.each([
    { H: 4, K: 2, D: 32, name: "a prefix that sequences share", query: shared },
    { H: 2, K: 1, D: 32, name: "rows of many tiles", query: long },
    { H: 4, K: 2, D: 32, name: "spans of all kinds, and none", query: odd },
    { H: 16, K: 2, D: 128, name: "Qwen2.5-VL's heads", query: shared },
    { H: 7, K: 1, D: 80, name: "seven heads of a key head, of a size that no power of two divides", query: odd },
    { H: 3, K: 3, D: 72, name: "heads with keys of their own", query: shared },
  ])("$name", async ({ H, K, D, query }) => {
    const sizes = { N, S: query === long ? N + 600 : query === odd ? N + 100 : N, H, K, D };
    const numbers = inputs(sizes);
    const [q, k, v] = numbers as [Float32Array, Float32Array, Float32Array];
    const by = (kernel: AttentionKernel) =>
      forward((tape) =>
        attention(
          tape,
          {
            q: gpu.upload("q", q, [N, H, D]),
            k: gpu.upload("k", k, [sizes.S, K, D]),
            v: gpu.upload("v", v, [sizes.S, K, D]),
            spans: { query: gpu.upload("query", new Uint32Array(query.flat()), [N, 4]) },
            scale: D ** -0.5,
          },
          { tiledBackward: false, forward: kernel },
        ),
      );
    const tiles = await by("tiles");
    expect(worst(tiles, exact(sizes, numbers, query, D ** -0.5).out)).toBeLessThan(1e-5);
    expect(await by("rows")).toEqual(tiles);
  });
});
