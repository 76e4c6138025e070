import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { CheckpointFiles } from "../../../src/model/checkpoint_files.ts";
import type { ModelConfig } from "../../../src/model/config.ts";
import type { Json } from "../../../src/model/json_file.ts";
import type { Model } from "../../../src/model/model.ts";
import type { ParameterShape } from "../../../src/model/parameters.ts";
import { writeSafetensors } from "../../../src/model/write_safetensors.ts";
import type { Turn } from "../../../src/policy/policy.ts";
import { Random } from "../../../src/tasks/random.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { PackedGroup } from "../../../src/train/pack.ts";
import { updateSettings } from "../../../src/train/update.ts";

const root = new URL("../../../", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "toy-family-"));
const copy = new URL(`file://${folder}/`);
const layers = ["gpu", "ops", "image", "model", "policy", "tasks", "agent", "reward", "train"];

/** A copy of the layers up to `train` in which the toy is a family: one folder, and one entry in the table beside its import. */
function addFamily(): void {
  for (const path of [
    "shaders",
    ...layers.map((layer) => `src/${layer}`),
    "src/deferred.ts",
    "src/platform.ts",
    "src/timeline.ts",
  ])
    cpSync(new URL(path, root), new URL(path, copy), { recursive: true });
  const families = new URL("src/model/families/", copy);
  const toy = new URL("toy/", import.meta.url);
  mkdirSync(new URL("toy/", families));
  for (const file of readdirSync(toy, { recursive: true })) {
    const text = readFileSync(new URL(file, toy), "utf8").replaceAll('"../../../../src/model/', '"../../');
    writeFileSync(new URL(`toy/${file}`, families), text);
  }
  const table = readFileSync(new URL("table.ts", families), "utf8");
  const added = table
    .replace("import { qwen3VL }", 'import { toyVL } from "./toy/family.ts";\nimport { qwen3VL }')
    .replace("qwen3VL]", "qwen3VL, toyVL]");
  expect(added.match(/toyVL/g)).toHaveLength(2);
  writeFileSync(new URL("table.ts", families), added);
}

/** A module of the copy; typed as the original. */
const load = <Module>(path: string): Promise<Module> => import(/* @vite-ignore */ new URL(path, copy).href);

const config: Json = {
  model_type: "toy_vl",
  image_token_id: 1,
  text_config: {
    hidden_size: 32,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    num_hidden_layers: 3,
    layer_types: ["full_attention", "pointwise", "full_attention"],
    intermediate_size: 48,
    vocab_size: 64,
    rms_norm_eps: 1e-6,
    rope_parameters: { rope_theta: 10_000, mrope_section: [2, 3, 3] },
  },
  vision_config: {
    hidden_size: 32,
    num_heads: 2,
    depth: 1,
    intermediate_size: 32,
    patch_size: 4,
    spatial_merge_size: 2,
    temporal_patch_size: 1,
    out_hidden_size: 32,
  },
};
const preprocessor: Json = { patch_size: 4, temporal_patch_size: 1, merge_size: 2 };

function checkpoint(shapes: readonly ParameterShape[]): CheckpointFiles {
  const tensors = shapes.map(({ name, shape }, i) => {
    const random = new Random(3, [i]);
    const count = shape.reduce((product, side) => product * side, 1);
    const isNorm = shape.length === 1 && name.endsWith(".weight");
    const values = Float32Array.from({ length: count }, () => (isNorm ? 1 : 0.3 * random.normal()));
    return { name, dtype: "F32" as const, shape, values };
  });
  const files = new Map<string, Uint8Array>([
    ["config.json", new TextEncoder().encode(JSON.stringify(config))],
    ["preprocessor_config.json", new TextEncoder().encode(JSON.stringify(preprocessor))],
    ["model.safetensors", writeSafetensors(tensors)],
  ]);
  return {
    read: async (name, start, end) => files.get(name)!.slice(start, end),
    sizeBytes: async (name) => files.get(name)?.length ?? null,
  };
}

describe("a family that was added by a folder and a line", () => {
  let gpu: Gpu;
  let model: Model;
  let described: ModelConfig;

  beforeAll(async () => {
    addFamily();
    const { readConfig } = await load<typeof import("../../../src/model/families/read_files.ts")>(
      "src/model/families/read_files.ts",
    );
    const { modelShapes } =
      await load<typeof import("../../../src/model/families/table.ts")>("src/model/families/table.ts");
    const { loadModel } = await load<typeof import("../../../src/model/load.ts")>("src/model/load.ts");
    const { Gpu: Opened } = await load<typeof import("../../../src/gpu/gpu.ts")>("src/gpu/gpu.ts");
    gpu = await Opened.open(navigator.gpu);
    described = readConfig(config, preprocessor);
    model = await loadModel(gpu, checkpoint(modelShapes(described)), { trained: true });
  }, 60_000);

  afterAll(() => {
    model?.parameters.free();
    gpu?.close();
    rmSync(folder, { recursive: true });
  });

  test("is read, and its layers are of two kinds", () => {
    expect(described.modelType).toBe("toy_vl");
    expect(described.text.layerTypes).toEqual(["full_attention", "pointwise", "full_attention"]);
    expect(model.parameters.has("model.language_model.layers.1.pointwise.proj.weight")).toBe(true);
    expect(model.parameters.has("model.language_model.layers.1.self_attn.q_proj.weight")).toBe(false);
  });

  test("samples and trains with the same bits, sees its pictures, and every weight has a gradient", async () => {
    const { GpuPolicy } = await load<typeof import("../../../src/policy/gpu_policy.ts")>("src/policy/gpu_policy.ts");
    const { Learner } = await load<typeof import("../../../src/train/learner.ts")>("src/train/learner.ts");
    const { inputImage } = await load<typeof import("../../../src/model/vision_rows.ts")>("src/model/vision_rows.ts");
    const policy = new GpuPolicy(gpu, model);
    const write = async (brightness: number): Promise<Turn> => {
      const pixels = { width: 16, height: 16, data: new Uint8Array(768).map((_, i) => (i * brightness) % 256) };
      const sampling = { seed: 1, step: 0, temperature: 1, suppressed: [1], stops: [2] };
      const conversations = await policy.begin([{ tokens: [5, 1, 1, 1, 1, 6], images: [pixels] }], 1, 8, sampling);
      const writing = conversations.write([0], 8);
      for (;;) {
        const next = await writing.next();
        if (!next.done) continue;
        conversations.close();
        return next.value[0]!;
      }
    };
    const turn = await write(7);
    expect((await write(31)).logprobs).not.toEqual(turn.logprobs);

    const pixels = { width: 16, height: 16, data: new Uint8Array(768).map((_, i) => (i * 7) % 256) };
    const group: PackedGroup = {
      prefix: { tokens: [5, 1, 1, 1, 1, 6], images: [inputImage(pixels, described.vision)] },
      sequences: [
        {
          tokens: turn.tokens,
          images: [],
          targets: turn.tokens.map((token, i) => ({
            at: i - 1,
            token,
            weight: 1,
            oldLogprob: turn.logprobs[i]!,
            advantage: 1,
          })),
        },
      ],
    };
    const learner = new Learner(gpu, model, "policy");
    const settings = updateSettings(resolveConfig({ learningRate: 0 }), 0, [1]);
    expect(Array.from(await learner.logprobs([group], { ...settings, temperature: 1 }))).toEqual(turn.logprobs);
    await learner.update([group], { ...settings, temperature: 1 }, { updatesBefore: 0 });
    // The optimizer's first moments: gradients are cleared after its step.
    for (const [name, moments] of await model.parameters.read("m"))
      expect(
        moments.some((value) => value !== 0 && Number.isFinite(value)),
        name,
      ).toBe(true);
  });
});
