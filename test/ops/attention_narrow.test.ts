import { describe, expect, test } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { Tape } from "../../src/gpu/tape.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { type AttentionChoice, attention } from "../../src/ops/attention.ts";
import { narrowHead } from "../../src/ops/attention_narrow.ts";
import { type Inputs, inputs, type Relation, range, type Sizes, type Span } from "../support/attention.ts";
import { gpu } from "../support/device.ts";

/** Compiles kernels in tiles several times faster on a software adapter. */
const rolled = await Gpu.open(navigator.gpu, { unrolled: false });
const compileMs = 300_000;
const scale = narrowHead ** -0.5;

/** Groups one after another: a prefix and sequences that attend to it and to themselves; then rows of padding. */
function packed(groups: readonly { prefix: number; sequences: readonly number[] }[], padding: number): Relation {
  const query: Span[] = [];
  const key: Span[] = [];
  for (const { prefix, sequences } of groups) {
    const p0 = query.length;
    const p1 = p0 + prefix;
    const end = sequences.reduce((a, b) => a + b, p1);
    for (const i of range(p0, p1)) {
      query.push([p0, i + 1, 0, 0]);
      key.push([i, p1, p1, end]);
    }
    for (const length of sequences) {
      const s0 = query.length;
      for (const i of range(s0, s0 + length)) {
        query.push([p0, p1, s0, i + 1]);
        key.push([i, s0 + length, 0, 0]);
      }
    }
  }
  for (let i = 0; i < padding; i++) {
    query.push([0, 0, 0, 0]);
    key.push([0, 0, 0, 0]);
  }
  return { query, key };
}

/** Pictures of so many patches, each of which attends to all of its own picture. */
function pictures(sizes: readonly number[], padding: number): Relation {
  const spans: Span[] = [];
  for (const size of sizes) {
    const from = spans.length;
    for (let i = 0; i < size; i++) spans.push([from, from + size, 0, 0]);
  }
  for (let i = 0; i < padding; i++) spans.push([0, 0, 0, 0]);
  return { query: spans, key: spans };
}

type Trained = "q" | "k" | "v";

/** The bits of the result, of the statistics and of gradients, after two runs. */
async function bitsOf(
  { N, S, H, K, D }: Sizes,
  numbers: Inputs,
  { query, key }: Relation,
  choice: AttentionChoice,
  { device = rolled, trained = ["q", "k", "v"] as readonly Trained[], adds = false } = {},
): Promise<Record<string, Uint32Array>> {
  const plan = new Plan(device, "attention");
  const tape = new Tape(plan);
  const source = plan.empty("source", [1]);
  tape.train(source, plan.empty("dsource", [1]));
  const read: Record<string, Tensor> = {};
  const input = (name: Trained, rows: number, heads: number) => {
    const tensor = plan.upload(name, numbers[name], [rows, heads, D]);
    if (!trained.includes(name)) return tensor;
    if (adds) {
      // Gradients of weights are added to.
      read[`d${name}`] = plan.empty(`d${name}`, tensor.shape);
      device.write(read[`d${name}`]!, numbers[name]);
      tape.train(tensor, read[`d${name}`]!);
    } else {
      tape.record(tensor, [source], () => {
        read[`d${name}`] = tape.gradient(tensor);
      });
    }
    return tensor;
  };
  const [q, k, v] = [input("q", N, H), input("k", S, K), input("v", S, K)];
  const spans = {
    query: plan.upload("query", new Uint32Array(query.flat()), [N, 4]),
    key: plan.upload("key", new Uint32Array(key.flat()), [S, 4]),
  };
  const watch = ({ stats }: { stats: Tensor }) => {
    read.stats = stats;
  };
  const out = attention(tape, { q, k, v, spans, scale, watch }, choice);
  read.out = out;
  device.write(tape.into(out)!.d, numbers.dout);
  tape.backward();
  plan.run();
  plan.run();
  const names = Object.keys(read).sort();
  const values = await device.read(...names.map((name) => read[name]!));
  plan.free();
  return Object.fromEntries(names.map((name, i) => [name, new Uint32Array(values[i]!.buffer)]));
}

/** How many numbers of each tensor differ in their bits, where some do. */
function differences(wanted: Record<string, Uint32Array>, found: Record<string, Uint32Array>): Record<string, number> {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  const counts = Object.entries(wanted).map(([name, bits]) => {
    expect(found[name]!.length, name).toBe(bits.length);
    return [name, bits.reduce((count, word, i) => count + Number(word !== found[name]![i]), 0)] as const;
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

const usual = { forward: "tiles", backward: "one" } as const;

const narrow = { forward: "narrow", backward: "narrow" } as const;

describe("kernels for heads of 32 give the bits of those in tiles", () => {
  const odd = range(0, 70).map((n): Span => (n % 7 === 3 ? [5, 5, 9, 9] : [n % 11, 40 + n, 120, 200 + (n % 5)]));
  test.each<{ name: string; H: number; K: number; relation: Relation; S?: number }>([
    {
      name: "a prefix that sequences of several tiles share",
      H: 4,
      K: 2,
      relation: packed([{ prefix: 28, sequences: [45, 38, 52, 47, 45] }], 0),
    },
    {
      name: "groups without a prefix, sequences of one row, rows of padding",
      H: 4,
      K: 2,
      relation: packed(
        [
          { prefix: 0, sequences: [1, 1, 9, 1, 40] },
          { prefix: 3, sequences: [1, 0, 1, 70, 1] },
          { prefix: 0, sequences: [1] },
          { prefix: 33, sequences: [] },
          { prefix: 1, sequences: [33, 1] },
        ],
        37,
      ),
    },
    {
      name: "small groups, several in a workgroup, with gaps of less than a tile",
      H: 2,
      K: 2,
      relation: packed(
        range(0, 9).map((g) => ({ prefix: 2 + g, sequences: [g, 12 - g, 3 + 4 * g, 1] })),
        5,
      ),
    },
    {
      name: "a long prefix and long sequences",
      H: 2,
      K: 1,
      relation: packed([{ prefix: 130, sequences: [70, 129] }], 3),
    },
    { name: "pictures of 64 patches, and odd ones", H: 4, K: 4, relation: pictures([64, 64, 5, 130, 64, 1], 20) },
    {
      name: "seven heads of a key head",
      H: 7,
      K: 1,
      relation: packed([{ prefix: 9, sequences: [20, 30] }], 2),
    },
    {
      name: "spans of all kinds, and of keys that hold more than the inverse relation",
      H: 4,
      K: 2,
      S: 230,
      relation: {
        query: odd,
        key: range(0, 230).map((j): Span => (j === 7 ? [0, 0, 0, 0] : j % 2 === 0 ? [0, 30, 30, 70] : [50, 70, 0, 50])),
      },
    },
  ])(
    "for $name",
    async ({ H, K, relation, S }) => {
      const N = relation.query.length;
      const sizes = { N, S: S ?? N, H, K, D: narrowHead };
      const numbers = inputs(sizes);
      const wanted = await bitsOf(sizes, numbers, relation, usual);
      expect(wanted.out!.some((bits) => bits !== 0)).toBe(true);
      expect(differences(wanted, await bitsOf(sizes, numbers, relation, narrow))).toEqual({});
    },
    compileMs,
  );

  const relation = packed([{ prefix: 20, sequences: [30, 41] }], 7);
  const sizes = { N: 98, S: 98, H: 4, K: 2, D: narrowHead };
  const numbers = inputs(sizes);

  test.each<{ trained: readonly Trained[] }>([
    { trained: ["q"] },
    { trained: ["k"] },
    { trained: ["k", "v"] },
    { trained: ["q", "v"] },
  ])(
    "where $trained are trained",
    async ({ trained }) => {
      const wanted = await bitsOf(sizes, numbers, relation, usual, { trained });
      expect(differences(wanted, await bitsOf(sizes, numbers, relation, narrow, { trained }))).toEqual({});
    },
    compileMs,
  );

  test(
    "where gradients are added to",
    async () => {
      const own = { ...sizes, K: 4 };
      const ofOwn = inputs(own);
      const wanted = await bitsOf(own, ofOwn, relation, usual, { adds: true });
      expect(differences(wanted, await bitsOf(own, ofOwn, relation, narrow, { adds: true }))).toEqual({});
    },
    compileMs,
  );

  test(
    "with their loops unrolled",
    async () => {
      const wanted = await bitsOf(sizes, numbers, relation, usual);
      expect(differences(wanted, await bitsOf(sizes, numbers, relation, narrow, { device: gpu }))).toEqual({});
    },
    compileMs,
  );
});

test(
  "the forward pass reads keys and values in bf16 as the one in tiles does",
  async () => {
    const { query } = packed([{ prefix: 28, sequences: [45, 33] }], 4);
    const N = query.length;
    const attended = async (choice: AttentionChoice) => {
      const plan = new Plan(rolled, "attention");
      const numbers = inputs({ N, S: N, H: 4, K: 2, D: narrowHead });
      const halves = (values: Float32Array) => {
        const bits = new Uint32Array(values.buffer);
        const tensor = plan.empty("kv", [N, 2, narrowHead], "bf16");
        const words = range(0, bits.length / 2).map((i) => (bits[2 * i]! >>> 16) | (bits[2 * i + 1]! & 0xffff0000));
        rolled.write(tensor, new Uint32Array(words));
        return tensor;
      };
      const tensors = {
        q: plan.upload("q", numbers.q, [N, 4, narrowHead]),
        k: halves(numbers.k),
        v: halves(numbers.v),
      };
      const spans = { query: plan.upload("query", new Uint32Array(query.flat()), [N, 4]) };
      const out = attention(new Tape(plan, false), { ...tensors, spans, scale }, choice);
      plan.run();
      const values = await rolled.read(out);
      plan.free();
      return new Uint32Array(values.buffer);
    };
    const wanted = { out: await attended({ forward: "tiles" }) };
    expect(differences(wanted, { out: await attended({ forward: "narrow" }) })).toEqual({});
  },
  compileMs,
);
