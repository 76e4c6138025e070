import { beforeAll, describe, expect, test } from "vitest";
import { openOnnxRuntime } from "../../../src/app/deno/gpu/onnx_runtime.ts";
import { onnxModel } from "../../../src/app/onnx_export/onnx_model.ts";
import { openGolden, within } from "../../../src/app/parity/golden_folder.ts";
import { onnxChecks } from "../../../src/app/parity/onnx_checks.ts";
import { goldenReference } from "../../../src/app/parity/onnx_reference.ts";
import { type CheckpointFiles, openFile } from "../../../src/model/checkpoint_files.ts";
import { FolderWeights } from "../../../src/model/folder_weights.ts";
import { readJson } from "../../../src/model/json_file.ts";
import { adapterParameterName } from "../../../src/model/lora.ts";
import { readLoraConfig } from "../../../src/model/lora_config.ts";
import type { GraphFileLimits } from "../../../src/onnx/export/graph_files.ts";
import { decoderGraph } from "../../../src/onnx/graph/decoder.ts";
import { type WrittenDtype, writtenDtypes } from "../../../src/onnx/graph/precision.ts";
import { concatenated } from "../../../src/onnx/protobuf/message.ts";
import type { OnnxRuntime } from "../../../src/onnx/runtime/runtime.ts";
import { goldenFiles } from "../../support/golden.ts";

let runtime: OnnxRuntime;
beforeAll(async () => {
  runtime = await openOnnxRuntime(null);
});

/** A folder of test/golden as an exported one, in memory, and what its graphs make of its conversation. */
async function compared(
  name: string,
  dtypes: readonly WrittenDtype[],
  { adapter = false, limits }: { adapter?: boolean; limits?: GraphFileLimits } = {},
) {
  const files = goldenFiles(name);
  const weights = await FolderWeights.open(files, {
    baseDtype: "auto",
    adapter: adapter ? await adapterIn(name) : undefined,
  });
  const written = await onnxModel(weights, files, { dtypes, card: async () => [], limits });
  const folder = new Map<string, Uint8Array>();
  for (const file of written) {
    const pieces: Uint8Array[] = [];
    for await (const piece of file.pieces()) pieces.push(piece);
    folder.set(file.name, concatenated(pieces));
  }
  const golden = await openGolden(files);
  const reference = goldenReference(golden, weights.config.vision.spatialMergeSize, adapter ? "lora." : "");
  const found = [];
  for await (const one of onnxChecks(runtime, filesOf(folder), reference)) found.push(one);
  return found;
}

const filesOf = (folder: ReadonlyMap<string, Uint8Array>): CheckpointFiles => ({
  read: async (name, start, end) => folder.get(name)!.slice(start, end),
  sizeBytes: async (name) => folder.get(name)?.length ?? null,
});

async function adapterIn(name: string) {
  const files = within(goldenFiles(name), "adapter");
  const weights = [];
  for (const tensor of await openFile(files, "adapter_model.safetensors"))
    weights.push({ name: adapterParameterName(tensor.name), shape: tensor.shape, values: await tensor.values() });
  return { config: readLoraConfig(await readJson(files, "adapter_config.json")), weights };
}

describe("in onnxruntime-web the graphs give transformers' log-probabilities and greedy tokens", () => {
  const all = ["onnx log_probs", "onnx entropies", "onnx greedy.ids", "onnx greedy.log_probs"];
  const quantities = (found: object[]) => found.flatMap((one) => ("quantity" in one ? [one.quantity] : []));
  const failed = (found: object[]) => found.filter((one) => "passed" in one && !one.passed);

  test("two pictures, attention in windows; what fp16 and 8 bits lose is said", async () => {
    const found = await compared("qwen25-window", ["fp32", "fp16", "q8"]);
    expect(failed(found)).toEqual([]);
    expect(quantities(found)).toEqual(all);
    const said = found.flatMap((one) => ("said" in one ? [one.said] : []));
    expect(said).toEqual([
      expect.stringMatching(
        /^fp16: log_probs differ by at most [1-4]\.\de-2, the first 24 of 24 greedy tokens are the same$/,
      ),
      expect.stringMatching(
        /^q8: log_probs differ by at most [1-4]\.\de-1, the first \d+ of 24 greedy tokens are the same$/,
      ),
    ]);
  });

  test("with its adapter merged", async () => {
    const found = await compared("qwen25-window", ["fp32"], { adapter: true });
    expect(failed(found)).toEqual([]);
    expect(quantities(found)).toEqual(all.slice(0, 2));
  });

  test("a table of positions, norms of heads, M-RoPE that alternates; weights in several files beside the graphs", async () => {
    const found = await compared("qwen3-plain", ["fp32"], { limits: { inlineBytes: 0, chunkBytes: 60_000 } });
    expect([failed(found), quantities(found)]).toEqual([[], all]);
  });

  test("deepstack: features stand beside the embeddings", async () => {
    const found = await compared("qwen3-deepstack", ["fp32"]);
    expect([failed(found), quantities(found)]).toEqual([[], all]);
  });
});

test("a layer of the decoder has so many operators, and only logits that are asked for", async () => {
  const { config } = await FolderWeights.open(goldenFiles("qwen25-window"), { baseDtype: "auto" });
  const { precision } = writtenDtypes.fp32;
  const nodes = (numHiddenLayers: number, keepsLogits = false) =>
    decoderGraph({ ...config, text: { ...config.text, numHiddenLayers } }, { precision, positions: 64, keepsLogits });
  // Packed queries, keys and values with bias and split, two rotations, attention, output, two norms with the sum before
  // them, gate, up, its activation, their product, down.
  expect(nodes(2).nodes.length - nodes(1).nodes.length).toBe(14);
  // Without that bias, and with norms of heads: one operator each between two reshapes, which dispatch nothing.
  const { config: other } = await FolderWeights.open(goldenFiles("qwen3-plain"), { baseDtype: "auto" });
  const layers = (numHiddenLayers: number) =>
    decoderGraph({ ...other, text: { ...other.text, numHiddenLayers } }, { precision, positions: 64 });
  expect(layers(2).nodes.length - layers(1).nodes.length).toBe(14 - 1 + 2 * 3);
  expect(nodes(1).inputs.map(({ name }) => name)).toEqual([
    "inputs_embeds",
    "attention_mask",
    "position_ids",
    "past_key_values.0.key",
    "past_key_values.0.value",
  ]);
  const keeping = nodes(1, true);
  expect(keeping.inputs.map(({ name }) => name)).toContain("num_logits_to_keep");
  expect(keeping.nodes.filter(({ type }) => type === "Slice")).toHaveLength(1);
});
