import { describe, expect, test } from "vitest";
import { referenceSettings } from "../../src/app/parity/check.ts";
import { forwardPass } from "../../src/app/parity/forward_pass.ts";
import { normDifference } from "../../src/app/parity/tolerance.ts";
import type { CheckpointFiles } from "../../src/model/checkpoint_files.ts";
import { LoraAdapter, loadAdapter } from "../../src/model/lora.ts";
import { adaptedModules, readLoraConfig } from "../../src/model/lora_config.ts";
import { readHeader } from "../../src/model/safetensors.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import pyflag from "../golden/faults/adapter-python-regex/pyflag.json" with { type: "json" };
import pynamed from "../golden/faults/adapter-python-regex/pynamed.json" with { type: "json" };
import pyverbose from "../golden/faults/adapter-python-regex/pyverbose.json" with { type: "json" };
import pyZ from "../golden/faults/adapter-python-regex/pyZ.json" with { type: "json" };
import negativeRank from "../golden/faults/hostile/adapter-negrank.json" with { type: "json" };
import slowPattern from "../golden/faults/hostile/adapter-redos.json" with { type: "json" };
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

const golden = await goldenModel("qwen25-window");
const { model, inputs, images } = golden;
const { shapes } = model.parameters;
const ids = inputs.integers("input_ids");
const shown = images.slice(0, 2);

const config = (changes: Record<string, unknown> = {}) =>
  readLoraConfig({ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["q_proj"], ...changes });
const filesOf = (files: readonly NamedBytes[]): CheckpointFiles => ({
  read: async (name, start, end) => files.find((f) => f.name === name)!.bytes.slice(start, end),
  sizeBytes: async (name) => files.find((f) => f.name === name)?.bytes.length ?? null,
});
const adapterFolder: CheckpointFiles = {
  read: (name, start, end) => golden.files.read(`adapter/${name}`, start, end),
  sizeBytes: (name) => golden.files.sizeBytes(`adapter/${name}`),
};
const settings = { ...referenceSettings, learningRate: 1e-2, beta1: 0.9 };

describe("which layers a configuration names", () => {
  const named = (changes: Record<string, unknown>) =>
    adaptedModules(config(changes), shapes).map((m) =>
      m.module.replace("model.language_model.layers", "layers").replace("model.visual.blocks", "blocks"),
    );

  test("ends of names, in both towers", () => {
    expect(named({ target_modules: ["self_attn.q_proj", "up_proj"] })).toEqual([
      "blocks.0.mlp.up_proj",
      "blocks.1.mlp.up_proj",
      "blocks.2.mlp.up_proj",
      "layers.0.self_attn.q_proj",
      "layers.0.mlp.up_proj",
      "layers.1.self_attn.q_proj",
      "layers.1.mlp.up_proj",
    ]);
    expect(named({ target_modules: ["up_proj"], exclude_modules: ["0.mlp.up_proj"] })).toEqual([
      "blocks.1.mlp.up_proj",
      "blocks.2.mlp.up_proj",
      "layers.1.mlp.up_proj",
    ]);
  });

  test("a regular expression is of the whole name, in either spelling", () => {
    expect(named({ target_modules: ".*language_model.*\\.(k_proj)" })).toEqual([
      "layers.0.self_attn.k_proj",
      "layers.1.self_attn.k_proj",
    ]);
    expect(named({ target_modules: "model\\.layers\\.1\\.self_attn\\.[kv]_proj" })).toEqual([
      "layers.1.self_attn.k_proj",
      "layers.1.self_attn.v_proj",
    ]);
    expect(named({ target_modules: "visual\\.blocks\\.2\\.attn\\..*" })).toEqual([
      "blocks.2.attn.qkv",
      "blocks.2.attn.proj",
    ]);
    expect(() => named({ target_modules: "k_proj" })).toThrow('target_modules "k_proj" names no layer of this model');
  });

  test("all linear layers, but for the head", () => {
    const all = named({ target_modules: "all-linear" });
    expect(all).toHaveLength(3 * 5 + 2 + 2 * 7);
    expect(all).not.toContain("model.visual.patch_embed.proj");
  });

  test("ranks and scalings", () => {
    const modules = adaptedModules(
      config({
        target_modules: ["q_proj", "v_proj"],
        rank_pattern: { "1.self_attn.q_proj": 2 },
        alpha_pattern: { v_proj: 3 },
      }),
      shapes,
    );
    expect(modules.map((m) => [m.rank, m.scaling])).toEqual([
      [4, 2],
      [4, 0.75],
      [2, 4],
      [4, 0.75],
    ]);
    expect(adaptedModules(config({ use_rslora: true }), shapes)[0]!.scaling).toBe(4);
  });

  test.each([
    [
      { target_modules: ["embed_tokens"] },
      "names model.language_model.embed_tokens (110, 48), which is not a linear layer",
    ],
    [{ target_modules: ["patch_embed.proj"] }, "names model.visual.patch_embed.proj"],
    [{ use_dora: true }, "use_dora is true, only false is supported"],
    [{ bias: "all" }, 'bias is "all"'],
    [{ modules_to_save: ["lm_head"] }, 'modules_to_save is ["lm_head"]'],
    [{ layers_pattern: "layers" }, "layers_pattern needs layers_to_transform beside it"],
    [{ target_modules: ".*q_proj", layers_to_transform: [0] }, "layers_to_transform cannot be combined with"],
    [{ layers_to_transform: [-1] }, "layers_to_transform must be a whole number from 0 to 10000, found -1"],
    [{ layers_to_transform: "0" }, "layers_to_transform must be a number from 0"],
    [{ exclude_modules: 3 }, "exclude_modules must be a list of names or a regular expression, found 3"],
    [
      { target_modules: ["q_proj", 3] },
      'target_modules must be a list of names or a regular expression, found ["q_proj",3]',
    ],
    [{ r: 1e9 }, "r must be a whole number from 1 to 65536, found 1000000000"],
    [{ r: 2.5 }, "r must be a whole number from 1 to 65536, found 2.5"],
    [{ lora_alpha: Number.NaN }, "lora_alpha must be a number from -1000000 to 1000000, found NaN"],
    [{ lora_alpha: "16" }, 'lora_alpha must be a number from -1000000 to 1000000, found "16"'],
    [{ lora_dropout: -1 }, "lora_dropout must be a number from 0 to 1, found -1"],
    [{ lora_dropout: "0.05" }, 'lora_dropout must be a number from 0 to 1, found "0.05"'],
    [{ use_rslora: 1 }, "use_rslora must be true or false, found 1"],
    [{ rank_pattern: { q_proj: 0 } }, 'rank_pattern, "q_proj", must be a whole number from 1 to 65536, found 0'],
    [{ rank_pattern: { q_proj: 2.5 } }, 'rank_pattern, "q_proj", must be a whole number'],
    [{ rank_pattern: ["q_proj"] }, "rank_pattern must be an object of at most 1000 numbers"],
    [{ alpha_pattern: { q_proj: null } }, 'alpha_pattern, "q_proj", must be a number'],
    [
      { rank_pattern: { "(q_proj": 2 } },
      'rank_pattern "(q_proj" is a regular expression that cannot be used: a parenthesis',
    ],
    [{ rank_pattern: { "(?i)q_proj": 2 } }, "flags for all of it are allowed at its beginning only"],
    [{ target_modules: "(.)\\1.*" }, "it refers back to a group, which is not followed here"],
    [
      { exclude_modules: "*a" },
      'exclude_modules "*a" is a regular expression that cannot be used: there is nothing to repeat',
    ],
    [{ target_modules: "(?:(?=(?:.{0,60}){0,60}#)|.)*z" }, "it takes too long on this text"],
    [{ alora_invocation_tokens: [1] }, "alora_invocation_tokens is [1]"],
    [{ kasa_config: {} }, "kasa_config is {}"],
    [{ init_lora_weights: "pissa" }, 'init_lora_weights is "pissa"'],
    [{ peft_type: "IA3" }, 'peft_type is "IA3"'],
    [{ r: 0 }, "r must be a whole number from 1 to 65536, found 0"],
    [{ target_modules: null }, "target_modules must be a list of names or a regular expression, found null"],
  ])("%j is refused", (changes, sentence) => {
    expect(() => named(changes)).toThrow(sentence);
  });

  test("layers_to_transform takes some layers of those named, by the number behind layers_pattern", () => {
    const modules = { target_modules: ["q_proj", "up_proj"] };
    expect(named({ ...modules, layers_to_transform: 1 })).toEqual([
      "blocks.1.mlp.up_proj",
      "layers.1.self_attn.q_proj",
      "layers.1.mlp.up_proj",
    ]);
    expect(named({ ...modules, layers_to_transform: [1, 2], layers_pattern: ["h", "layers"] })).toEqual([
      "layers.1.self_attn.q_proj",
      "layers.1.mlp.up_proj",
    ]);
    expect(named({ ...modules, layers_to_transform: [], layers_pattern: null })).toHaveLength(7);
  });

  test.each([pyZ, pyflag, pynamed, pyverbose])(
    "Python's syntax in target_modules: the four layers that PEFT finds, %#",
    (json) => {
      expect(adaptedModules(readLoraConfig(json), shapes).map(({ module }) => module)).toEqual(
        [0, 1].flatMap((i) => ["q", "v"].map((part) => `model.language_model.layers.${i}.self_attn.${part}_proj`)),
      );
    },
  );

  test("all-linear in any case, keys with null and those without effect", () => {
    expect(named({ target_modules: "All-Linear" })).toEqual(named({ target_modules: "all-linear" }));
    expect(named({ bias: null, fan_in_fan_out: true, modules_to_save: [], exclude_modules: "" })).toHaveLength(2);
  });

  test("adapters from outside", () => {
    expect(() => readLoraConfig(negativeRank)).toThrow(
      'rank_pattern, ".*", must be a whole number from 1 to 65536, found -4',
    );
    expect(() => adaptedModules(readLoraConfig(slowPattern), shapes)).toThrow("names no layer of this model");
  });
});

describe("PEFT's files", () => {
  test.each(["current", "old"] as const)("are written and read again with %s names", async (spelling) => {
    const adapter = await loadAdapter(gpu, model.parameters, adapterFolder, { trained: false });
    const written = await adapter.files(spelling);
    const { tensors, metadata } = await readHeader(written[1]!.bytes, written[1]!.bytes.length);
    expect(metadata.format).toBe("pt");
    const first =
      spelling === "old" ? "base_model.model.model.layers.0." : "base_model.model.model.language_model.layers.0.";
    expect(tensors.every((t) => t.name.startsWith(first) || t.name.startsWith(first.replace(".0.", ".1.")))).toBe(true);
    const json = JSON.parse(new TextDecoder().decode(written[0]!.bytes));
    expect(json).toMatchObject({ peft_type: "LORA", r: 4, lora_alpha: 8 });
    if (spelling === "old") expect(json.target_modules).toContain("model.layers.0.self_attn.q_proj");
    else expect(json.target_modules).toBe(adapter.config.targetModules);
    const again = await loadAdapter(gpu, model.parameters, filesOf(written), { trained: false });
    expect(await again.parameters.read()).toEqual(await adapter.parameters.read());
    for (const { parameters } of [adapter, again]) parameters.free();
  });

  test("that do not fit the model or each other are refused", async () => {
    const adapter = new LoraAdapter(gpu, model.parameters, config(), { trained: false });
    const [json, tensors] = await adapter.files();
    adapter.parameters.free();
    const load = (changes: Record<string, unknown>) => {
      const changed = { ...JSON.parse(new TextDecoder().decode(json!.bytes)), ...changes };
      return loadAdapter(
        gpu,
        model.parameters,
        filesOf([{ name: json!.name, bytes: new TextEncoder().encode(JSON.stringify(changed)) }, tensors!]),
        { trained: false },
      );
    };
    await expect(load({ target_modules: ["v_proj"] })).rejects.toThrow(
      'target_modules of adapter_config.json names no layer for "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight"',
    );
    await expect(load({ target_modules: ["q_proj", "v_proj"] })).rejects.toThrow(
      "adapter_model.safetensors lacks 4 tensors",
    );
    await expect(load({ r: 3 })).rejects.toThrow(
      'lora_A.weight" has shape (4, 48), adapter_config.json and the model make it (3, 48)',
    );
    await expect(loadAdapter(gpu, model.parameters, filesOf([]), { trained: false })).rejects.toThrow(
      "adapter_config.json is missing",
    );
  });
});

test("a new adapter changes nothing, and training changes nothing but the adapter", async () => {
  const bare = await forwardPass(gpu, model, ids, shown);
  const before = await model.parameters.read();
  const adapter = new LoraAdapter(gpu, model.parameters, config({ target_modules: "all-linear" }), { trained: true });
  let state = 1;
  adapter.initialize(() => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  });
  model.adapter = adapter;
  const fresh = await forwardPass(gpu, model, ids, shown);
  expect(fresh.logprobs).toEqual(bare.logprobs);

  const group: PackedGroup = {
    prefix: { tokens: [], images: [] },
    sequences: [
      {
        tokens: ids,
        images: shown,
        targets: ids.slice(1).map((token, at) => ({ at, token, weight: 1 / (ids.length - 1) })),
      },
    ],
  };
  const learner = new Learner(gpu, model, "nll");
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const { logprobs } = await learner.update([group], settings, { updatesBefore: 0 });
    losses.push(-logprobs.reduce((sum, value) => sum + value, 0) / logprobs.length);
  }
  learner.free();
  expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
  expect(await model.parameters.read()).toEqual(before);
  model.adapter = null;
  expect((await forwardPass(gpu, model, ids, shown)).logprobs).toEqual(bare.logprobs);
  adapter.parameters.free();
});

test("a group that shares its prompt has the adapter's gradients of rollouts that each bring their own", async () => {
  const adapter = await loadAdapter(gpu, model.parameters, adapterFolder, { trained: true });
  model.adapter = adapter;
  const P = golden.golden.grpo!.prompt_tokens;
  const prefix = { tokens: inputs.integers("grpo.0.input_ids").slice(0, P), images: [images[0]!] };
  // Rollout 1 shows the crop that a tool returned.
  const sequences = [0, 1, 2, 3].map((g) => {
    const mask = inputs.integers(`grpo.${g}.response_mask`);
    const tokens = inputs.integers(`grpo.${g}.input_ids`);
    const old = inputs.floats(`grpo.${g}.old_log_probs`);
    const targets = mask.flatMap((trained, t) =>
      trained ? [{ at: t - P, token: tokens[t + 1]!, weight: 0.02, oldLogprob: old[t]!, advantage: g - 1.5 }] : [],
    );
    return { tokens: tokens.slice(P), images: g === 1 ? [images[2]!] : [], targets };
  });
  const learner = new Learner(gpu, model, "policy");
  const gradients = async (groups: PackedGroup[]) => {
    const { gradNorm } = await learner.update(groups, { ...settings, learningRate: 0, beta1: 0 }, { updatesBefore: 0 });
    return { gradNorm, d: await adapter.parameters.read("m") };
  };
  const one = await gradients([{ prefix, sequences }]);
  const many = await gradients(sequences.map((sequence) => ({ prefix, sequences: [sequence] })));
  expect(one.gradNorm).toBeGreaterThan(0.1);
  for (const [name, d] of many.d)
    expect(normDifference(one.d.get(name)!, d, 1e-3 * many.gradNorm), name).toBeLessThan(1e-5);
  learner.free();
  model.adapter = null;
  adapter.parameters.free();
});
