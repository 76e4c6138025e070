import { describe, expect, test } from "vitest";
import { describedModel } from "../../../src/app/memory/model_sizes.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { modelShapes } from "../../../src/model/families/table.ts";
import type { NamedBytes, Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { Metrics } from "../../../src/train/events.ts";
import tokenizerJson from "../../golden/tokenizer-needle.json" with { type: "json" };
import { quantizedQwenFiles } from "../../support/quantized_qwen.ts";
import { type RawTensor, rawSafetensors } from "../../support/raw_safetensors.ts";
import { platform as shipped } from "../../support/shipped.ts";

const platformOf = (files: readonly NamedBytes[]): Platform => {
  const find = (path: string) => files.find(({ name }) => `tiny/${name}` === path)?.bytes;
  return {
    ...shipped,
    assetSize: async (path) => find(path)?.length ?? null,
    readAsset: async (path, start = 0, end) => find(path)!.slice(start, end),
  };
};

/** Pictures of 16 image tokens: the tiny model would look at 512 x 512 source px, of which most of the time would go. */
const config = (changes = {}) =>
  resolveConfig({
    model: "tiny",
    steps: 1,
    tasksPerStep: 1,
    rolloutsPerTask: 2,
    firstTurnTokens: 4,
    maxPixels: 112 * 112,
    ...changes,
  });

/** Rollouts of a folder's model, and one step of training it. */
async function run(files: readonly NamedBytes[], changes: object) {
  const session = await openGpuSession(platformOf(files), config(changes));
  const tokens: number[] = [];
  const logprobs: number[] = [];
  for await (const { rollouts } of session.roll({ tasks: 2, rolloutsPerTask: 2, greedy: false }))
    for (const { segments } of rollouts)
      for (const segment of segments) {
        tokens.push(...segment.tokens);
        logprobs.push(...((segment as { logprobs?: readonly number[] }).logprobs ?? []));
      }
  let updated: Metrics | null = null;
  for await (const event of session.train()) if (event.type === "update") updated = event.metrics;
  const { metrics: evaluated } = await session.evaluate({ tasks: 4, greedy: true });
  const { files: checkpoint } = await session.checkpoint();
  const { notices } = session;
  const exported = await session.exportFiles();
  session.close();
  return { tokens, logprobs, evaluated, updated: updated!, checkpoint, notices, exported };
}

const lora = { loraRank: 4, learningRate: 0.01 };
/** The numbers that both methods' files stand for, with an adapter: what the tests compare with. */
let inFull: ReturnType<typeof run> | null = null;
const runInFull = (plain: readonly NamedBytes[]): ReturnType<typeof run> => {
  inFull ??= run(plain, lora);
  return inFull;
};

const firstLayer = "model.language_model.layers.0.self_attn.q_proj";

function tensorsOf(file: Uint8Array): RawTensor[] {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return Object.entries<{ dtype: RawTensor["dtype"]; shape: number[]; data_offsets: [number, number] }>(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => ({
      name,
      dtype,
      shape,
      data: file.slice(8 + length + from, 8 + length + to),
    }),
  );
}

/** A quantized file with some layers as they stand in another one. */
function mixedFile(file: Uint8Array, other: Uint8Array, kept: RegExp): Uint8Array<ArrayBuffer> {
  const isPacked = (name: string) => /\.(qweight|qzeros|scales|g_idx)$/.test(name);
  const isKept = (name: string) => kept.test(name) && name.endsWith("proj.weight");
  return rawSafetensors([
    ...tensorsOf(file).filter(({ name }) => !(isPacked(name) && kept.test(name))),
    ...tensorsOf(other).filter(({ name }) => isKept(name)),
  ]);
}

/** A file with another tensor of zeros. */
const withTensor = (file: Uint8Array, name: string, shape: [number, number]): Uint8Array<ArrayBuffer> =>
  rawSafetensors([...tensorsOf(file), { name, dtype: "F32", shape, data: new Float32Array(shape[0] * shape[1]) }]);

const distance = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

test("both methods' files stand for the same numbers here", async () => {
  const [awq, gptq] = await Promise.all(
    (["awq", "gptq"] as const).map((method) => quantizedQwenFiles(tokenizerJson, method)),
  );
  expect(gptq?.plain).toEqual(awq?.plain);
});

describe.each(["awq", "gptq"] as const)("a checkpoint of %s", (method) => {
  const folders = quantizedQwenFiles(tokenizerJson, method);

  test("samples, is evaluated and trains an adapter as the numbers that it stands for do in f32", async () => {
    const { quantized, plain } = await folders;
    const few = await run(quantized, lora);
    const full = await runInFull(plain);
    expect(few.notices).toEqual([]);
    expect(few.tokens).toEqual(full.tokens);
    expect(few.logprobs.length).toBeGreaterThan(8);
    expect(distance(few.logprobs, full.logprobs)).toBeLessThan(1e-4);
    expect(few.evaluated).toEqual(full.evaluated);
    expect(Object.keys(few.updated).length).toBeGreaterThan(20);
    for (const [key, value] of Object.entries(full.updated))
      if (typeof value === "number" && !/Ms$|Bytes$/.test(key))
        expect(Math.abs((few.updated as unknown as Record<string, number>)[key]! - value), key).toBeLessThan(1e-4);
    expect(few.checkpoint.map(({ name }) => name)).toEqual(full.checkpoint.map(({ name }) => name));
  });
});

test("a quantized checkpoint is trained as a whole in f32, and exported as one that is not quantized", async () => {
  const { quantized, plain } = await quantizedQwenFiles(tokenizerJson, "awq");
  const whole = await run(quantized, { learningRate: 0.01 });
  expect(whole.tokens).toEqual((await run(plain, { learningRate: 0.01 })).tokens);
  const text = new TextDecoder().decode(whole.exported.find(({ name }) => name === "config.json")!.bytes);
  expect(text).not.toContain("quantization_config");
  const session = await openGpuSession(platformOf(whole.exported), config());
  session.close();
});

test("what its weights take follows from config.json alone as from the files", async () => {
  const { quantized } = await quantizedQwenFiles(tokenizerJson, "awq");
  const here = platformOf(quantized);
  const of = async (platform: Platform) => {
    const { sizes } = await describedModel(config({ loraRank: 2 }), platform);
    return new Map(modelShapes(sizes.config).map((parameter) => [parameter.name, sizes.formOf(parameter)]));
  };
  const read = await of(here);
  const likely = await of({ ...here, addressOf: () => "https://somewhere/" });
  const few = (forms: typeof read) => [...forms].filter(([, { block }]) => block !== undefined);
  expect(few(read)).toHaveLength(14);
  expect(few(likely)).toEqual(few(read));
});

test.each([
  ["one of the layers that are applied as one", /layers\.0\.self_attn\.q_proj/],
  ["some of them", /self_attn\.[kv]_proj/],
  ["up without gate", /layers\.1\.mlp\.up_proj/],
  ["a whole layer", /layers\.1\./],
])("a quantized checkpoint with %s left as it was trains as its numbers do in f32", async (_, kept) => {
  const { quantized, plain } = await quantizedQwenFiles(tokenizerJson, "gptq");
  const weights = (files: readonly NamedBytes[]) => files.find(({ name }) => name === "model.safetensors")!.bytes;
  const mixed = mixedFile(weights(quantized), weights(plain), kept);
  const files = quantized.map(({ name, bytes }) => ({ name, bytes: name === "model.safetensors" ? mixed : bytes }));
  const [few, full] = [await run(files, lora), await runInFull(plain)];
  expect(few.tokens).toEqual(full.tokens);
  expect(distance(few.logprobs, full.logprobs)).toBeLessThan(1e-4);
  expect(few.updated.ratio_drift).toBe(0);
});

test("a layer in few bits that also stands there whole is refused, and both are named", async () => {
  const { quantized } = await quantizedQwenFiles(tokenizerJson, "awq");
  const whole = quantized.map(({ name, bytes }) => ({
    name,
    bytes: name === "model.safetensors" ? withTensor(bytes, `${firstLayer}.weight`, [32, 32]) : bytes,
  }));
  await expect(openGpuSession(platformOf(whole), config({ loraRank: 2 }))).rejects.toThrow(
    `"${firstLayer}.weight" (model.safetensors) and "${firstLayer}.qweight" (model.safetensors), which are one weight`,
  );
});

test("another method is refused by its name before any weight is read", async () => {
  const { quantized } = await quantizedQwenFiles(tokenizerJson, "awq");
  const files = quantized.map(({ name, bytes }) => ({
    name,
    bytes:
      name === "config.json"
        ? new TextEncoder().encode(new TextDecoder().decode(bytes).replace('"awq"', '"compressed-tensors"'))
        : bytes,
  }));
  await expect(openGpuSession(platformOf(files), config())).rejects.toThrow(
    'config.json: quantization_config.quant_method is "compressed-tensors", only "awq" and "gptq" can be read; choose the checkpoint that was not quantized',
  );
});
