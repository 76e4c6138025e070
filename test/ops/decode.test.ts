import { expect, test } from "vitest";
import source from "../../shaders/decode.wgsl" with { type: "text" };
import { Plan } from "../../src/gpu/plan.ts";
import {
  arrangedNumbers,
  type DecoderSizes,
  decode,
  decodeConstants,
  decodeOrders,
  decodeWorkgroupBytes,
  takesDecode,
} from "../../src/ops/decode.ts";
import { conversationWordCount, placeWordCount, sampleWordCount, samplingWordCount } from "../../src/ops/sample.ts";
import { cardGpu } from "../support/card.ts";
import { gpu as softwareGpu } from "../support/device.ts";

const gpu = await cardGpu();

const needle: DecoderSizes = {
  layers: 4,
  C: 128,
  H: 4,
  K: 2,
  D: 32,
  F: 256,
  V: 480,
  headNorm: true,
  bias: false,
  tied: true,
};

test("takes sizes whose sums it knows, on devices whose other kernels have the same order", () => {
  const takes = (changes: Partial<DecoderSizes>, on = gpu) => takesDecode(on, { ...needle, ...changes });
  expect(takes({})).toBe(true);
  expect(takes({ headNorm: false, bias: true, tied: false })).toBe(true);
  expect(takes({}, softwareGpu)).toBe(false);
  expect(takes({ C: 136 })).toBe(false);
  expect(takes({ F: 264 })).toBe(false);
  expect(takes({ V: 482 })).toBe(false);
  expect(takes({ H: 3 })).toBe(false);
  expect(takes({ H: 18 })).toBe(false);
  // Heads of more than 64 numbers are normalized in another order.
  expect(takes({ H: 2, K: 1, D: 80, headNorm: true })).toBe(false);
  expect(takes({ H: 2, K: 1, D: 80, headNorm: false })).toBe(true);
  // Does not fit into workgroup memory.
  expect(takes({ V: 8192 })).toBe(false);
  expect(takesDecode(gpu, needle, 2)).toBe(true);
  expect(takesDecode(gpu, needle, 4)).toBe(false);
});

test.each([
  [needle, 1],
  [needle, 2],
  [{ ...needle, layers: 6, C: 192, H: 6, F: 512, V: 496 }, 1],
  [{ ...needle, D: 16, C: 64, V: 112, headNorm: false, tied: false }, 2],
] as const)("workgroup memory is at most what is counted: %j, %i rows", (sizes, rows) => {
  const constants: Record<string, number> = decodeConstants(sizes, rows);
  const { WIDTH, HEADS, KEY_HEADS, HEAD } = constants as Record<string, number> & typeof constants;
  const derived: Record<string, number> = {
    ...constants,
    STREAM_SIZE: WIDTH! * 4,
    QUERIES: HEADS! * HEAD!,
    SPREAD: (HEADS! + 2 * KEY_HEADS!) * HEAD! * 4,
  };
  const bytesOf = (type: string): number => {
    const array = /^array<(.*), (\w+)>$/.exec(type);
    if (array) return bytesOf(array[1]!) * (derived[array[2]!] ?? Number.parseInt(array[2]!, 10));
    return { f32: 4, u32: 4, vec3f: 16, vec4f: 16, vec4u: 16 }[type] ?? Number.NaN;
  };
  const types = [...source.matchAll(/^var<workgroup> \w+: (.*);/gm)].map(([, type]) => type!);
  expect(types.length).toBeGreaterThan(10);
  const bytes = types.reduce((sum, type) => sum + bytesOf(type), 0);
  expect(decodeWorkgroupBytes(sizes, rows)).toBeGreaterThanOrEqual(bytes);
  expect(decodeWorkgroupBytes(sizes, rows)).toBeLessThan(bytes + 512);
});

test("weights are arranged by input, tables and vectors stay as they are", async () => {
  const plan = new Plan(gpu, "arrange");
  const values = Float32Array.from({ length: 4096 }, (_, i) => i);
  const words = (name: string, ...shape: number[]) =>
    plan.upload(name, new Uint32Array(shape.reduce((a, b) => a * b, 1)), shape);
  // 70 rows of 20 numbers, a vector, and rows of more than one workgroup.
  const parts = [
    { begin: 8, shape: [70, 20] as const },
    { begin: 1408, shape: [12] as const },
    { begin: 1600, shape: [2, 1200] as const },
  ];
  const weights = { source: plan.upload("weights", values, [values.length]), parts };
  // One conversation, which idles, so that nothing but the weights is written.
  decode(plan, {
    sizes: needle,
    weights,
    cache: { whole: plan.empty("cache", [64]), apart: 4 },
    angles: plan.empty("angles", [4, 16, 2]),
    eps: 1e-6,
    orders: plan.upload("orders", decodeOrders(new Uint32Array([0xffffffff]), 1), [2]),
    sample: {
      conversations: words("conversations", 1, conversationWordCount),
      places: words("places", 1, placeWordCount),
      sampling: words("sampling", samplingWordCount),
      allowed: words("allowed", needle.V),
      samples: words("samples", 1, 4, sampleWordCount),
    },
  });
  plan.run();
  const { arranged } = plan.recorded[0]!.tensors;
  const found = await gpu.read(arranged!);
  expect(found).toHaveLength(arrangedNumbers(weights));
  const expected = parts.flatMap(({ begin, shape: [rows, columns] }) => {
    if (columns === undefined) return [...values.subarray(begin, begin + rows)];
    const numbers: number[] = [];
    for (let i = 0; i < columns; i += 4)
      for (let o = 0; o < rows; o++)
        numbers.push(...values.subarray(begin + o * columns + i, begin + o * columns + i + 4));
    return numbers;
  });
  expect([...found]).toEqual(expected);
  plan.free();
});
