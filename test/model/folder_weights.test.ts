import { expect, test } from "vitest";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { FolderWeights } from "../../src/model/folder_weights.ts";
import { loadModel } from "../../src/model/load.ts";
import type { NamedBytes } from "../../src/platform.ts";
import tokenizer from "../golden/tokenizer-needle.json" with { type: "json" };
import { gpu } from "../support/device.ts";
import { goldenFiles } from "../support/golden.ts";
import { quantizedQwenFiles } from "../support/quantized_qwen.ts";

/** All rows of a weight in two pieces, or three numbers in three. */
async function inPieces(weights: FolderWeights, name: string): Promise<number[]> {
  const { rows } = weights.sides(name);
  const cut = Math.floor(rows / 2);
  const parts = [];
  if (cut > 0) parts.push(await weights.rows(name, 0, cut));
  parts.push(await weights.rows(name, cut, rows));
  return parts.flatMap((part) => Array.from(part));
}

test("the numbers are those that a model on a device holds, whatever it stores them in", async () => {
  const files = goldenFiles("qwen25-window");
  for (const baseDtype of ["auto", "bf16", "int8", "int4"] as const) {
    const model = await loadModel(gpu, files, { trained: false, baseDtype });
    const held = await model.parameters.read();
    model.parameters.free();
    const weights = await FolderWeights.open(files, { baseDtype });
    expect(weights.shapes.map(({ name }) => name)).toEqual([...held.keys()]);
    for (const { name } of weights.shapes)
      expect(await inPieces(weights, name), `${baseDtype} ${name}`).toEqual(Array.from(held.get(name)!));
  }
});

test("layers in few bits are the numbers that they mean, from any row on", async () => {
  const { quantized, plain } = await quantizedQwenFiles(tokenizer, "gptq");
  const filesOf = (named: NamedBytes[]): CheckpointFiles => ({
    sizeBytes: async (name) => named.find((file) => file.name === name)?.bytes.length ?? null,
    read: async (name, start, end) => named.find((file) => file.name === name)!.bytes.slice(start, end),
  });
  const weights = await FolderWeights.open(filesOf(quantized), { baseDtype: "auto" });
  const wanted = await FolderWeights.open(filesOf(plain), { baseDtype: "auto" });
  const name = "model.language_model.layers.1.mlp.down_proj.weight";
  expect(await inPieces(weights, name)).toEqual(await inPieces(wanted, name));
  // Earlier rows again, and then some that are left out.
  for (const [first, end] of [
    [3, 5],
    [1, 2],
    [20, 32],
  ] as const)
    expect(await weights.rows(name, first, end)).toEqual(await wanted.rows(name, first, end));
});

test("weights of another model, or an adapter's of another, are refused in a sentence", async () => {
  const files = goldenFiles("qwen25-window");
  await expect(FolderWeights.open(files, { baseDtype: "auto", trained: [] })).rejects.toThrow(
    /^The checkpoint has no model\.visual\.patch_embed\.proj\.weight, the model's is \(24, 3, 2, 14, 14\); it belongs to another model$/,
  );
});
