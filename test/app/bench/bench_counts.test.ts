import { expect, test } from "vitest";
import { counts, memoryCounts } from "../../../src/app/bench/counts.ts";

/** The goals: at most so many dispatches for a token in a layer, without and with an adapter. */
const goals = { without: 9, withAdapter: 13 };

/** What it is today. Lower them with every dispatch that is saved, down to the goals. */
const today = {
  "Qwen2.5-VL-3B": {
    without: { prefill: 9, decode: 9, update: 46 },
    withAdapter: { prefill: 13, decode: 13, update: 65 },
  },
  "Qwen3-VL-2B": {
    without: { prefill: 9, decode: 9, update: 44 },
    withAdapter: { prefill: 13, decode: 13, update: 65 },
  },
};

test("dispatches of a text layer, and what passes move and compute", async () => {
  const all = await counts();
  const perLayer = (model: string, isLora: boolean) =>
    Object.fromEntries(
      all.filter((one) => one.model === model && one.isLora === isLora).map((one) => [one.pass, one.perLayer]),
    );
  const found = Object.keys(today).map((model) => [
    model,
    { without: perLayer(model, false), withAdapter: perLayer(model, true) },
  ]);
  expect(Object.fromEntries(found)).toEqual(today);
  for (const model of Object.values(today))
    for (const kind of ["without", "withAdapter"] as const)
      expect(model[kind].decode, "fewer than the goal: lower it").toBeGreaterThanOrEqual(goals[kind]);

  // A kernel that is missing here is to be put into the table of src/app/kernels/kernel_work.ts.
  expect([...new Set(all.flatMap(({ unknown }) => unknown))]).toEqual([]);

  const one = (model: string, isLora: boolean, pass: string) =>
    all.find((each) => each.model === model && each.isLora === isLora && each.pass === pass)!;
  const decode = one("Qwen2.5-VL-3B", false, "decode");
  // The language model's 3.086e9 weights, tied head counted once, in f32: read once for a token of the whole group.
  const weights = 3.086e9;
  expect(decode.bytes / (4 * weights)).toBeGreaterThan(1);
  expect(decode.bytes / (4 * weights)).toBeLessThan(1.1);
  expect(decode.flops / (2 * weights * 16)).toBeGreaterThan(1);
  expect(decode.flops / (2 * weights * 16)).toBeLessThan(1.1);
  // The host looks how far rows are every eighth token and once after the prompt, and reads the tokens once.
  expect(decode.readsPerToken).toBe(10 / 64);
  // Forward, the same again for each layer, and backward for activations alone: 6 operations a weight and row. The rest
  // is attention, the picture and the head.
  const rows = 1300 + 16 * 256;
  const update = one("Qwen2.5-VL-3B", true, "update");
  expect(update.flops / (6 * 2.775e9 * rows)).toBeGreaterThan(1.1);
  expect(update.flops / (6 * 2.775e9 * rows)).toBeLessThan(1.4);
});

test("memory of whole steps stays within what is asked of them", async () => {
  const most: Record<string, number> = {
    "step.qwen3_vl_2b.int4": 8e9,
    "step.qwen3_vl_2b.bf16": 12e9,
    "step.qwen3_vl_2b.bf16.kv_bf16": 12e9,
    "step.qwen2_5_vl_7b.int4": 16e9,
    "step.qwen2_5_vl_7b.int4.kv_bf16": 16e9,
  };
  const all = await memoryCounts();
  expect(all.map(({ id }) => id)).toEqual([...Object.keys(most), "step.qwen2_5_vl_3b.bf16"]);
  for (const { id, weightBytes, peakBytes } of all) {
    expect(weightBytes, id).toBeGreaterThan(1e9);
    // Caches, activations, and the adapter's optimizer take something.
    expect(peakBytes, id).toBeGreaterThan(weightBytes + 2e8);
    // The last one is asked to stay within 3.5 GB above its weights.
    expect(peakBytes, id).toBeLessThan(most[id] ?? weightBytes + 3.5e9);
  }
  // In bf16 keys and values take two bytes less a number. Rows: padding's, a prompt, and 8 answers of 128 tokens.
  const peakOf = (name: string) => all.find(({ id }) => id === name)!.peakBytes;
  for (const [name, promptTokens, layers, keyHeads] of [
    ["step.qwen3_vl_2b.bf16", 276 + 32 * 32, 28, 8],
    ["step.qwen2_5_vl_7b.int4", 276 + 36 * 36, 28, 4],
  ] as const) {
    const numbers = (1 + promptTokens + 8 * 128) * layers * 2 * keyHeads * 128;
    expect(peakOf(name) - peakOf(`${name}.kv_bf16`), name).toBe(2 * numbers);
  }
});
