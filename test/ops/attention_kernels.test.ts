import { describe, expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { attention } from "../../src/ops/attention.ts";
import type { AttentionKernel } from "../../src/ops/attention_forward.ts";
import {
  causal,
  exact,
  expectClose,
  type Inputs,
  inputs,
  range,
  run,
  type Sizes,
  type Span,
  sharedPrefix,
  worst,
} from "../support/attention.ts";
import { gpu } from "../support/device.ts";

/** Compiles kernels in tiles several times faster on a software adapter; the first test compares its results. */
const rolled = await Gpu.open(navigator.gpu, { unrolled: false });
const compileMs = 300_000;
const inTiles = { forward: "tiles", backward: "one" } as const;

test(
  "kernels in tiles give the same bits with their loops unrolled and not",
  async () => {
    const relation = sharedPrefix(40, 9, 5);
    const { N, query } = relation;
    // All loops are taken, and unrolled they load least of all sizes of heads: 9 s to compile instead of 13.
    const sizes = { N, S: N, H: 2, K: 1, D: 256 };
    const scale = 256 ** -0.5;
    const numbers = inputs(sizes);
    const got = await run(sizes, numbers, { ...relation, scale }, inTiles);
    expectClose(got, exact(sizes, numbers, query, scale), 3e-5);
    expect(await run(sizes, numbers, { ...relation, scale }, inTiles)).toEqual(got);
    expect(await run(sizes, numbers, { ...relation, scale }, inTiles, rolled)).toEqual(got);
  },
  compileMs,
);

describe("attention at the head sizes of Qwen-VL models, and at the largest that tiles support:", () => {
  // 66 rows by two heads of a key head are three tiles of pairs, and the last rows have keys of two tiles.
  const relation = sharedPrefix(50, 8, 2);
  const { N, query } = relation;

  test.each([64, 80, 128, 256])(
    "forward and gradients of heads of %i equal double precision, and decoding has the same bits",
    async (D) => {
      const sizes = { N, S: N, H: 4, K: 2, D };
      const numbers = inputs(sizes);
      const scale = D ** -0.5;
      const tiles = await run(sizes, numbers, { ...relation, scale }, inTiles, rolled);
      expectClose(tiles, exact(sizes, numbers, query, scale), 3e-5);
      expect(await attended(sizes, numbers, query, "rows")).toEqual(tiles.out);
    },
    compileMs,
  );

  test(
    "forward and gradients of heads of 80 in lanes equal double precision",
    async () => {
      const sizes = { N, S: N, H: 4, K: 2, D: 80 };
      const numbers = inputs(sizes);
      const scale = 80 ** -0.5;
      const lanes = await run(sizes, numbers, { ...relation, scale }, { forward: "lanes", backward: "lanes" }, rolled);
      expectClose(lanes, exact(sizes, numbers, query, scale), 3e-5);
    },
    compileMs,
  );
});

describe("attention() in tiles equals double precision", () => {
  test.each([
    { N: 45, S: 45, H: 4, K: 2, D: 8 },
    { N: 90, S: 90, H: 2, K: 1, D: 80 },
    { N: 70, S: 70, H: 2, K: 2, D: 8 },
    { N: 9, S: 9, H: 3, K: 1, D: 8 },
  ])("on a causal sequence of %o", async (sizes) => {
    const numbers = inputs(sizes);
    const scale = sizes.D ** -0.5;
    const relation = causal(sizes.N);
    const got = await run(sizes, numbers, { ...relation, scale }, inTiles, rolled);
    expectClose(got, exact(sizes, numbers, relation.query, scale), 2e-5);
  });

  test("with two spans that hold more than the inverse relation, and rows and keys that have none", async () => {
    const sizes = { N: 50, S: 75, H: 4, K: 2, D: 8 };
    const numbers = inputs(sizes);
    const query = range(0, 50).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n, 40, 50, 75 - (n % 5)]));
    const key = range(0, 75).map((j): Span => (j > 40 && j < 50 ? [0, 0, 0, 0] : [0, 20, 20, 50]));
    const got = await run(sizes, numbers, { query, key, scale: 0.3 }, inTiles, rolled);
    expectClose(got, exact(sizes, numbers, query, 0.3), 3e-5);
  });
});

describe("attention() in tiles, and row by row, gives the same bits", () => {
  const { N, query: shared } = sharedPrefix(70, 9, 5);
  const odd = range(0, N).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n % 11, 40 + n, N, N + 90 + (n % 5)]));
  // 5 to 11 tiles: `join` loads four at a time.
  const long = range(0, N).map((n): Span => [n % 3, 257 + 2 * n, N + 400, N + 401 + (n % 64) * 3]);

  test.each([
    { H: 4, K: 2, D: 8, name: "a prefix that sequences share", query: shared },
    { H: 2, K: 1, D: 8, name: "rows of many tiles", query: long },
    { H: 4, K: 2, D: 8, name: "spans of all kinds, and none", query: odd },
    { H: 16, K: 2, D: 128, name: "Qwen2.5-VL's heads", query: shared },
    { H: 7, K: 1, D: 80, name: "seven heads of a key head, of a size that no power of two divides", query: odd },
    { H: 3, K: 3, D: 80, name: "heads with keys of their own", query: shared },
  ])(
    "$name",
    async ({ H, K, D, query }) => {
      const sizes = { N, S: query === long ? N + 600 : query === odd ? N + 100 : N, H, K, D };
      const numbers = inputs(sizes);
      const tiles = await attended(sizes, numbers, query, "tiles");
      expect(worst(tiles, exact(sizes, numbers, query, D ** -0.5).out)).toBeLessThan(1e-5);
      expect(await attended(sizes, numbers, query, "rows")).toEqual(tiles);
      // Large heads take software adapters long to compile.
      if (D <= 80) expect(await attended(sizes, numbers, query, "whole rows")).toEqual(tiles);
    },
    compileMs,
  );
});

/** The forward pass by a kernel. */
async function attended(
  { N, S, H, K, D }: Sizes,
  { q, k, v }: Inputs,
  query: readonly Span[],
  kernel: AttentionKernel,
): Promise<Float32Array> {
  const plan = new Plan(rolled, kernel);
  const tensors = {
    q: plan.upload("q", q, [N, H, D]),
    k: plan.upload("k", k, [S, K, D]),
    v: plan.upload("v", v, [S, K, D]),
    spans: { query: plan.upload("query", new Uint32Array(query.flat()), [N, 4]) },
    scale: D ** -0.5,
  };
  const out = attention(new Tape(plan, false), tensors, { forward: kernel });
  plan.run();
  const values = await rolled.read(out);
  plan.free();
  return values;
}

test("kernels that are not unrolled are used only where they are asked for", () => {
  expect([gpu.pipelines.unrolled, rolled.pipelines.unrolled]).toEqual([true, false]);
});
