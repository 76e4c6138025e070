import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { Tape } from "../../src/gpu/tape.ts";
import { bytesOf, type Tensor } from "../../src/gpu/tensor.ts";
import { toBf16 } from "../../src/model/float_bytes.ts";
import { attention } from "../../src/ops/attention.ts";
import { type AttentionKernel, elementParts } from "../../src/ops/attention_forward.ts";
import { cacheParts } from "../../src/ops/cache_kernels.ts";
import { heads } from "../../src/ops/heads.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

const [H, K, N, S] = [4, 2, 37, 90];
const eps = 1e-6;

const nearest = (values: Float32Array) =>
  new Float32Array(Uint32Array.from(toBf16(values), (half) => half << 16).buffer);

/** Where the rows' keys and values go. */
const rows = Uint32Array.from({ length: N }, (_, n) => (n * 7 + 5) % S);

/** Keys and values that heads() writes: into a cache of a dtype, or where they are rounded by themselves. */
async function spread(D: number, normed: boolean, into: { cache?: "f32" | "bf16"; rounded?: "bf16" }) {
  const plan = new Plan(gpu, "heads");
  const angles = Float32Array.from({ length: N * D }, (_, i) => Math.cos(Math.floor(i / 2) - (i % 2) * (Math.PI / 2)));
  const keys = plan.empty("keys", [S, K, D], into.cache);
  const values = plan.empty("values", [S, K, D], into.cache);
  // A buffer may have been another's.
  for (const tensor of [keys, values]) gpu.write(tensor, new Uint32Array(bytesOf(tensor) / 4));
  const made = heads(
    new Tape(plan, false),
    plan.upload("packed", random(1, N * (H + 2 * K) * D), [N, (H + 2 * K) * D]),
    {
      H,
      K,
      rotations: plan.upload("rotations", angles, [N, D / 2, 2]),
      norm: normed ? { weight: plan.upload("norm", random(2, 2 * D), [2 * D]), eps } : undefined,
      ...(into.cache ? { cache: { rows: plan.upload("rows", rows, [N]), keys, values } } : {}),
      rounded: into.rounded,
    },
  );
  plan.run();
  const found = await gpu.readUint(made.q, made.k, made.v);
  plan.free();
  return found as [Uint32Array, Uint32Array, Uint32Array];
}

const floats = (words: Uint32Array) => new Float32Array(words.buffer, words.byteOffset, words.length);
const halves = (words: Uint32Array) => new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);

describe.each([8, 32, 80, 128])("heads of %i", (D) => {
  test.each([false, true])(
    "are rounded to the nearest in a cache of bf16, and queries are not; norms: %s",
    async (normed) => {
      const [q, k, v] = await spread(D, normed, { cache: "f32" });
      const [packedQ, packedK, packedV] = await spread(D, normed, { cache: "bf16" });
      expect(packedQ).toEqual(q);
      for (const [got, want] of [
        [packedK, k],
        [packedV, v],
      ] as const) {
        expect(want.some((word) => (word & 0xffff) !== 0)).toBe(true);
        expect(halves(got)).toEqual(toBf16(floats(want)));
      }
    },
  );

  test.each([false, true])("are rounded alike without a cache; norms: %s", async (normed) => {
    const [q, k, v] = await spread(D, normed, {});
    const [roundedQ, roundedK, roundedV] = await spread(D, normed, { rounded: "bf16" });
    expect(roundedQ).toEqual(q);
    expect(floats(roundedK)).toEqual(nearest(floats(k)));
    expect(floats(roundedV)).toEqual(nearest(floats(v)));
  });
});

/** Attention over keys and values of a dtype, given as numbers that bf16 can hold. */
async function attended(device: Gpu, D: number, dtype: "f32" | "bf16", kernel?: AttentionKernel) {
  const plan = new Plan(device, "attention");
  const held = (name: string, seed: number): Tensor => {
    const numbers = nearest(random(seed, S * K * D));
    if (dtype === "f32") return plan.upload(name, numbers, [S, K, D]);
    const packed = plan.empty(name, [S, K, D], "bf16");
    device.write(packed, new Uint32Array(toBf16(numbers).buffer));
    return packed;
  };
  const spans = Array.from({ length: N }, (_, n) => (n === 3 ? [0, 0, 0, 0] : [5, 5 + (n % 7), 12, 13 + 2 * n]));
  const query = plan.upload("query", new Uint32Array(spans.flat()), [N, 4]);
  const q = plan.upload("q", random(7, N * H * D), [N, H, D]);
  const out = attention(
    new Tape(plan, false),
    { q, k: held("k", 8), v: held("v", 9), spans: { query }, scale: D ** -0.5 },
    { backward: "lanes", forward: kernel },
  );
  plan.run();
  const [found] = await device.readUint(out);
  plan.free();
  return found!;
}

/** Compiles kernels in tiles several times faster on a software adapter, with the same results. */
const rolled = await Gpu.open(navigator.gpu, { unrolled: false });

describe("attention() over a cache of bf16 equals that over the same numbers in f32, bit for bit,", () => {
  const kernels: AttentionKernel[] = ["lanes", "tiles", "rows"];
  // Small heads, and those of the text models; attention_kernels.test.ts has the others.
  const cases = [8, 128].flatMap((D) => kernels.map((kernel) => [D, kernel] as const));
  // In lanes a larger head is only more rounds of the same loops, which take long to compile.
  test.each(cases.filter(([D, kernel]) => kernel !== "lanes" || D === 8))(
    "heads of %i, in %s",
    async (D, kernel) => {
      expect(await attended(rolled, D, "bf16", kernel)).toEqual(await attended(rolled, D, "f32", kernel));
    },
    // Software adapters compile tiles slowly.
    120_000,
  );

  test("by single numbers", async () => {
    const plain = await Gpu.open(navigator.gpu, { plain: true });
    const found = await attended(plain, 8, "bf16");
    expect(found).toEqual(await attended(plain, 8, "f32"));
    expect(found.some((word) => word !== 0)).toBe(true);
    plain.close();
  });
});

test("what does not fit a cache of bf16 is named", () => {
  const tape = new Tape(new Plan(gpu, "heads"));
  const cache = {
    rows: gpu.empty("rows", [2], "u32"),
    keys: gpu.empty("keys", [9, 1, 10], "bf16"),
    values: gpu.empty("values", [9, 1, 10], "bf16"),
  };
  const [packed, rotations] = [gpu.empty("qkv", [2, 40]), gpu.empty("rotations", [2, 5, 2])];
  expect(() => heads(tape, packed, { H: 2, K: 1, rotations, cache })).toThrow(
    "keys is of bf16, which needs heads whose size four divides, found 10",
  );
  const q = gpu.empty("q", [2, 2, 8]);
  const query = gpu.empty("query", [2, 4], "u32");
  const [k, v] = [gpu.empty("k", [9, 1, 8], "bf16"), gpu.empty("v", [9, 1, 8])];
  expect(() => attention(tape, { q, k, v, spans: { query }, scale: 1 })).toThrow(
    "k is of bf16, v of f32; expected one dtype",
  );
  tape.train(q, gpu.empty("dq", [2, 2, 8]));
  expect(() =>
    attention(tape, { q, k, v: k, spans: { query, key: gpu.empty("key", [9, 4], "u32") }, scale: 1 }),
  ).toThrow("k is of bf16, which attention that is to be trained cannot read");
});

test("kernels that read or write a cache need no more than the 8 storage buffers that every device has", () => {
  const source = (name: string) => readFileSync(new URL(`../../shaders/${name}.wgsl`, import.meta.url), "utf8");
  for (const [dtype, part] of Object.entries(cacheParts)) {
    const shaders = [
      ...Object.values(elementParts).map((elements) => new Shader("attention", source("attention"), part + elements)),
      ...["attention_forward", "attention_forward_narrow", "attention_decode"].map(
        (name) => new Shader(name, source(name), part),
      ),
      new Shader("heads", source("heads"), source("shared/sum_lanes")),
    ];
    for (const shader of shaders)
      for (const entry of shader.entries.filter((name) => /^(attend|join|spread)/.test(name))) {
        const buffers = [...shader.uses(entry)].filter((binding) => shader.bindings.get(binding)!.kind !== "uniform");
        expect(buffers.length, `${shader.name}.${entry} of ${dtype}`).toBeLessThanOrEqual(8);
      }
  }
});
