import { describe, expect, test } from "vitest";
import { attention } from "../../src/ops/attention.ts";
import type { AttentionKernel } from "../../src/ops/attention_forward.ts";
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
import { forward } from "../support/gradcheck.ts";

/** Software adapters compile kernels in tiles slowly. */
const compileMs = 60_000;

describe("heads of every size that Qwen-VL models have, and the largest for tiles:", () => {
  // 66 rows are two tiles of pairs with two heads a key head, and the last row has keys of two tiles.
  const relation = sharedPrefix(50, 8, 2);
  const { N, query } = relation;
  const scaleOf = (D: number) => D ** -0.5;

  test.each([64, 80, 128, 256])(
    "forward and gradients of heads of %i in tiles and in lanes equal double precision, and decoding has the bits of tiles",
    async (D) => {
      const sizes = { N, S: N, H: 4, K: 2, D };
      const numbers = inputs(sizes);
      const scale = scaleOf(D);
      const wanted = exact(sizes, numbers, query, scale);
      const tiles = await run(sizes, numbers, { ...relation, scale }, { forward: "tiles", tiledBackward: true });
      expectClose(tiles, wanted, 3e-5);
      const lanes = await run(sizes, numbers, { ...relation, scale }, { forward: "lanes", tiledBackward: false });
      expectClose(lanes, wanted, 3e-5);
      const rows = await run(sizes, numbers, { ...relation, scale }, { forward: "rows", tiledBackward: true });
      expect(rows).toEqual(tiles);
    },
    compileMs,
  );
});

describe("attention() in tiles equals double precision", () => {
  const inTiles = { tiledBackward: true };

  test.each([
    { N: 45, S: 45, H: 4, K: 2, D: 32 },
    { N: 90, S: 90, H: 2, K: 1, D: 72 },
    { N: 70, S: 70, H: 2, K: 2, D: 32 },
    { N: 9, S: 9, H: 3, K: 1, D: 32 },
  ])("on a causal sequence of %o", async (sizes) => {
    const numbers = inputs(sizes);
    const scale = sizes.D ** -0.5;
    const relation = causal(sizes.N);
    const got = await run(sizes, numbers, { ...relation, scale }, inTiles);
    expectClose(got, exact(sizes, numbers, relation.query, scale), 2e-5);
  });

  test("with two spans that hold more than the inverse relation, and rows and keys that have none", async () => {
    const sizes = { N: 50, S: 75, H: 4, K: 2, D: 32 };
    const numbers = inputs(sizes);
    const query = range(0, 50).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n, 40, 50, 75 - (n % 5)]));
    const key = range(0, 75).map((j): Span => (j > 40 && j < 50 ? [0, 0, 0, 0] : [0, 20, 20, 50]));
    const got = await run(sizes, numbers, { query, key, scale: 0.3 }, inTiles);
    expectClose(got, exact(sizes, numbers, query, 0.3), 3e-5);
  });

  test("on a prefix that sequences share, twice with the same bits", async () => {
    const relation = sharedPrefix(40, 9, 5);
    const { N, query } = relation;
    const sizes = { N, S: N, H: 4, K: 2, D: 32 };
    const numbers = inputs(sizes);
    const got = await run(sizes, numbers, { ...relation, scale: 0.2 }, inTiles);
    expectClose(got, exact(sizes, numbers, query, 0.2), 3e-5);
    expect(await run(sizes, numbers, { ...relation, scale: 0.2 }, inTiles)).toEqual(got);
  });
});

describe("attention() in tiles, and row by row, gives the same bits", () => {
  const { N, query: shared } = sharedPrefix(70, 9, 5);
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
  ])(
    "$name",
    async ({ H, K, D, query }) => {
      const sizes = { N, S: query === long ? N + 600 : query === odd ? N + 100 : N, H, K, D };
      const { S } = sizes;
      const numbers = inputs(sizes);
      const scale = D ** -0.5;
      const tensors = {
        q: gpu.upload("q", numbers.q, [N, H, D]),
        k: gpu.upload("k", numbers.k, [S, K, D]),
        v: gpu.upload("v", numbers.v, [S, K, D]),
        spans: { query: gpu.upload("query", new Uint32Array(query.flat()), [N, 4]) },
        scale,
      };
      const by = (kernel: AttentionKernel) => forward((tape) => attention(tape, tensors, { forward: kernel }));
      const tiles = await by("tiles");
      expect(worst(tiles, exact(sizes, numbers, query, scale).out)).toBeLessThan(1e-5);
      expect(await by("rows")).toEqual(tiles);
    },
    compileMs,
  );
});
