import { describe, expect, test } from "vitest";
import { toFloat32 } from "../../src/model/float_bytes.ts";
import { readHeader } from "../../src/model/safetensors.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { type Checkpoint, checkpointFiles, readCheckpoint } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { exportFiles, exportOfCheckpoint } from "../../src/train/export.ts";
import { readTrainerState } from "../../src/train/trainer_state.ts";

const named = (name: string, shape: number[], first: number) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return { name, shape, values: Float32Array.from({ length: count }, (_, i) => Math.fround(first + i / 7)) };
};
const shapes = new Map([
  ["model.a.weight", [2, 3]],
  ["model.b.bias", [5]],
]);
const tensors = (first: number) => [...shapes].map(([name, shape], i) => named(name, shape, first + i));
const checkpoint: Checkpoint = {
  step: 12,
  config: resolveConfig({ preset: "story", seed: 3, learningRate: 1e-4 }),
  weights: tensors(0.1),
  optimizer: { step: 24, m: tensors(10), v: tensors(20) },
};
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
/** @throws Error where there is none */
const bytesOf = (files: readonly NamedBytes[], name: string): Uint8Array<ArrayBuffer> => {
  const file = files.find((one) => one.name === name);
  if (!file) throw new Error(`no ${name}`);
  return Uint8Array.from(file.bytes);
};
const changed = (files: NamedBytes[], name: string, bytes: Uint8Array) =>
  files.map((f) => (f.name === name ? { name, bytes } : f));
const changedState = (change: (state: Record<string, unknown>) => void) => {
  const files = checkpointFiles(checkpoint);
  const state = JSON.parse(new TextDecoder().decode(bytesOf(files, "trainer_state.json")));
  change(state);
  return changed(files, "trainer_state.json", text(state));
};

test("a checkpoint comes back bit for bit", async () => {
  const files = checkpointFiles(checkpoint);
  expect(files.map((f) => f.name)).toEqual(["model.safetensors", "optimizer.safetensors", "trainer_state.json"]);
  expect(await readCheckpoint(files, shapes)).toEqual(checkpoint);
  expect(readTrainerState(files)).toEqual({ step: 12, optimizerStep: 24, config: checkpoint.config });
});

describe("refuses", () => {
  const files = checkpointFiles(checkpoint);
  const other = checkpointFiles({ ...checkpoint, step: 13 });
  test.each<[string, NamedBytes[], Map<string, number[]>, RegExp]>([
    [
      "a missing file",
      files.slice(0, 2),
      shapes,
      /^trainer_state\.json: expected this file in the checkpoint, found model\.safetensors, optimizer\.safetensors/,
    ],
    [
      "a cut file",
      changed(files, "optimizer.safetensors", bytesOf(files, "optimizer.safetensors").subarray(0, 200)),
      shapes,
      /^optimizer\.safetensors: .*is the download complete/,
    ],
    [
      "files of two checkpoints",
      changed(files, "model.safetensors", bytesOf(other, "model.safetensors")),
      shapes,
      /^model\.safetensors: expected the checkpoint of step 12, .* found step 13/,
    ],
    [
      "another shape",
      files,
      new Map([...shapes, ["model.b.bias", [6]]]),
      /expected tensor "model\.b\.bias" of shape \(6\), found \(5\)/,
    ],
    [
      "a parameter without a tensor",
      files,
      new Map([...shapes, ["model.c", [1]]]),
      /expected tensor "model\.c", found none/,
    ],
    [
      "a tensor without a parameter",
      files,
      new Map([["model.b.bias", [5]]]),
      /no parameter for tensor "model\.a\.weight"/,
    ],
    [
      "a broken state",
      changed(files, "trainer_state.json", text("").subarray(1)),
      shapes,
      /^trainer_state\.json is not valid JSON \(.*\); the checkpoint is damaged$/,
    ],
    [
      "a state that is null",
      changed(files, "trainer_state.json", text(null)),
      shapes,
      /expected format 1, found undefined/,
    ],
    [
      "another format",
      changedState((s) => {
        s.format = 2;
      }),
      shapes,
      /expected format 1, found 2/,
    ],
    [
      "a negative step",
      changedState((s) => {
        s.step = -1;
      }),
      shapes,
      /expected step to be a whole number, found -1/,
    ],
    [
      "a knob out of range",
      changedState((s) => {
        (s.config as Record<string, unknown>).rolloutsPerTask = 1;
      }),
      shapes,
      /^trainer_state\.json: rolloutsPerTask must lie between 2 and 64, found 1/,
    ],
    [
      "a knob of another type",
      changedState((s) => {
        (s.config as Record<string, unknown>).steps = "100";
      }),
      shapes,
      /expected steps to be 100, found "100"/,
    ],
    [
      "an unknown knob",
      changedState((s) => {
        (s.config as Record<string, unknown>).lerningRate = 1;
      }),
      shapes,
      /no knob "lerningRate"; did you mean "learningRate"/,
    ],
    [
      "no config",
      changedState((s) => {
        delete s.config;
      }),
      shapes,
      /expected a config, found undefined/,
    ],
  ])("%s", async (_, damaged, parameters, sentence) => {
    await expect(readCheckpoint(damaged, parameters)).rejects.toThrow(sentence);
  });

  test("a knob that is newer than the checkpoint has its default", async () => {
    const older = changedState((s) => {
      delete (s.config as Record<string, unknown>).judge;
    });
    expect((await readCheckpoint(older, shapes)).config.judge).toBe("rules");
  });

  test("weights in bf16, which an exported model has", async () => {
    const bytes = bytesOf(await exportFiles(checkpoint.weights, async () => text({})), "model.safetensors");
    const header = await readHeader(bytes, bytes.length);
    expect(new Set(header.tensors.map(({ dtype }) => dtype))).toEqual(new Set(["BF16"]));
    await expect(readCheckpoint(changed(files, "model.safetensors", bytes), shapes)).rejects.toThrow(
      /step 12, .* found step unknown/,
    );
  });
});

test("a model folder without config.json cannot be exported", async () => {
  await expect(exportFiles(checkpoint.weights, async () => null)).rejects.toThrow(
    "config.json: expected it in the folder",
  );
});

test("an export says that a head of its own is not tied", async () => {
  const source = { tie_word_embeddings: true, text_config: { tie_word_embeddings: true, vocab_size: 3 } };
  const head = { name: "lm_head.weight", shape: [1], values: Float32Array.of(1) };
  const tied = async (weights: typeof checkpoint.weights) => {
    const files = await exportFiles(weights, async (name) => (name === "config.json" ? text(source) : null));
    return JSON.parse(new TextDecoder().decode(bytesOf(files, "config.json")));
  };
  expect(await tied(checkpoint.weights)).toMatchObject(source);
  expect(await tied([...checkpoint.weights, head])).toMatchObject({
    tie_word_embeddings: false,
    text_config: { tie_word_embeddings: false, vocab_size: 3 },
  });
});

test("a checkpoint is exported as the weights that it holds", async () => {
  const source = async (name: string) => (name === "config.json" ? text({ model_type: "qwen3_vl" }) : null);
  const found = await exportOfCheckpoint(checkpointFiles(checkpoint), source);
  expect(found.step).toBe(12);
  expect(found.files).toEqual(await exportFiles(checkpoint.weights, source));
  const other = checkpointFiles({ ...checkpoint, weights: tensors(0.2) });
  expect((await exportOfCheckpoint(other, source)).files).not.toEqual(found.files);
  await expect(exportOfCheckpoint(checkpointFiles(checkpoint).slice(1), source)).rejects.toThrow(
    "model.safetensors: expected this file in the checkpoint",
  );
});

test("weights that a disk changed are not exported", async () => {
  const files = checkpointFiles(checkpoint).map(({ name, bytes }) => ({ name, bytes: bytes.slice() }));
  const { bytes } = files.find(({ name }) => name === "model.safetensors")!;
  bytes[bytes.length - 2]! ^= 1;
  const source = async (name: string) => (name === "config.json" ? text({ model_type: "qwen3_vl" }) : null);
  await expect(exportOfCheckpoint(files, source)).rejects.toThrow(
    /^model\.safetensors: expected the bytes that were written/,
  );
});

test("an exported folder holds bf16 weights and the other files of its source", async () => {
  const source: Record<string, object> = {
    "config.json": { model_type: "qwen3_vl", torch_dtype: "float32" },
    "tokenizer.json": { t: 1 },
    "tokenizer_config.json": { t: 2 },
    "generation_config.json": { g: 1 },
    "preprocessor_config.json": { p: 1 },
  };
  const files = await exportFiles(checkpoint.weights, async (name) => (name in source ? text(source[name]) : null));
  expect(files.map((f) => f.name)).toEqual(["model.safetensors", ...Object.keys(source)]);
  for (const { name, bytes } of files.slice(2))
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(source[name]);
  expect(JSON.parse(new TextDecoder().decode(bytesOf(files, "config.json")))).toEqual({
    model_type: "qwen3_vl",
    torch_dtype: "bfloat16",
    dtype: "bfloat16",
  });
  const weights = bytesOf(files, "model.safetensors");
  const { tensors: entries, metadata } = await readHeader(weights, weights.length);
  expect(metadata).toEqual({ format: "pt" });
  expect(entries.map((t) => [t.name, t.dtype])).toEqual([
    ["model.a.weight", "BF16"],
    ["model.b.bias", "BF16"],
  ]);
  for (const [i, { startByte, endByte }] of entries.entries()) {
    const values = toFloat32(weights.subarray(startByte, endByte), "BF16");
    for (const [j, exact] of checkpoint.weights[i]!.values.entries())
      expect(Math.abs(values[j]! - exact)).toBeLessThanOrEqual(Math.abs(exact) / 256);
  }
});
