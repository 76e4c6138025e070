import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { attention } from "../../src/ops/attention.ts";
import {
  causal,
  exact,
  expectClose,
  inputs,
  range,
  run,
  type Span,
  sharedPrefix,
  worst,
} from "../support/attention.ts";
import { gpu } from "../support/device.ts";
import { forward, gradcheck, random } from "../support/gradcheck.ts";

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
    const relation = causal(sizes.N);
    const got = await run(sizes, numbers, { ...relation, scale });
    expectClose(got, exact(sizes, numbers, relation.query, scale));
  });

  test("on two images, each to itself", async () => {
    const sizes = { N: 40, S: 40, H: 4, K: 4, D: 16 };
    const query = range(0, 40).map((n): Span => (n < 24 ? [0, 24, 0, 0] : [0, 0, 24, 40]));
    const numbers = inputs(sizes);
    const got = await run(sizes, numbers, { query, key: query, scale: 0.25 });
    expectClose(got, exact(sizes, numbers, query, 0.25));
  });

  test("on rows with more keys, and keys with more rows, than lanes and workgroups hold", async () => {
    const sizes = { N: 6, S: 1500, H: 2, K: 1, D: 8 };
    const numbers = inputs(sizes);
    const query = range(0, 6).map((n): Span => [n, 700, 900, 1500 - n]);
    // The ranges hold more than the inverse relation: the op looks into the rows' own spans.
    const key = range(0, 1500).map((): Span => [0, 2, 2, 6]);
    expectClose(await run(sizes, numbers, { query, key, scale: 0.3 }), exact(sizes, numbers, query, 0.3));

    const many = { N: 1500, S: 6, H: 2, K: 1, D: 8 };
    const rows = inputs(many);
    const short = range(0, 1500).map((n): Span => [0, 1 + (n % 6), 0, 0]);
    const all = range(0, 6).map((): Span => [0, 1000, 1000, 1500]);
    const got = await run(many, rows, { query: short, key: all, scale: 0.3 });
    expectClose(got, exact(many, rows, short, 0.3), 3e-4);
  });

  test("on large scores", async () => {
    const sizes = { N: 20, S: 20, H: 1, K: 1, D: 4 };
    const { q, ...rest } = inputs(sizes);
    const numbers = { q: q.map((x) => x * 40), ...rest };
    const relation = causal(20);
    const got = await run(sizes, numbers, { ...relation, scale: 5 });
    expectClose(got, exact(sizes, numbers, relation.query, 5), 5e-3);
  });
});

test("attention() over a shared prefix equals each sequence with its own copy", async () => {
  const [H, K, D, prefix, suffix, G] = [4, 2, 16, 11, 7, 3];
  const relation = sharedPrefix(prefix, suffix, G);
  const shared = { N: relation.N, S: relation.N, H, K, D };
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
  const copiedQuery = range(0, copied.N).map((n): Span => [n - (n % length), n + 1, 0, 0]);
  const copiedKey = range(0, copied.N).map((j): Span => [j, j - (j % length) + length, 0, 0]);
  const one = await run(shared, numbers, { ...relation, scale: 0.25 });
  const { q, k, v, dout } = numbers;
  const many = await run(
    copied,
    { q: copy(q, H * D), k: copy(k, K * D), v: copy(v, K * D), dout: copy(dout, H * D, 1 / G) },
    { query: copiedQuery, key: copiedKey, scale: 0.25 },
  );

  const folded = (values: Float32Array, width: number) => {
    const sum = new Float64Array(shared.N * width);
    for (const [i, value] of values.entries()) sum[place[Math.floor(i / width)]! * width + (i % width)]! += value;
    return sum;
  };
  // The same keys in the same order: the same bits, wherever the first span ends.
  for (const [n, from] of place.entries())
    expect(many.out.slice(n * H * D, (n + 1) * H * D)).toEqual(one.out.slice(from * H * D, (from + 1) * H * D));
  expect(worst(one.dq, folded(many.dq, H * D))).toBeLessThan(1e-5);
  expect(worst(one.dk, folded(many.dk, K * D))).toBeLessThan(1e-5);
  expect(worst(one.dv, folded(many.dv, K * D))).toBeLessThan(1e-5);
  expectClose(one, exact(shared, numbers, relation.query, 0.25));
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
  const got = await run(sizes, numbers, { query, key, scale: 0.5 });
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
  const query = gpu.upload("query", new Uint32Array(causal(N).query.flat()), [N, 4]);
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

  test("with a row of more keys than there are lanes, by vec4", () => {
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
