import { afterEach, describe, expect, test, vi } from "vitest";
import { countingGpu } from "../../src/gpu/counting_device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { noIndex, size } from "../../src/gpu/tensor.ts";
import type { KeyValueCache } from "../../src/model/cache.ts";
import { usualDecoder } from "../../src/model/decoder_weights.ts";
import { readConfig } from "../../src/model/families/read_files.ts";
import { readJson } from "../../src/model/json_file.ts";
import { loadModel } from "../../src/model/load.ts";
import { LoraAdapter } from "../../src/model/lora.ts";
import { readLoraConfig } from "../../src/model/lora_config.ts";
import { buildModel, type Model } from "../../src/model/model.ts";
import { headWeight } from "../../src/model/names.ts";
import { takesDecode } from "../../src/ops/decode.ts";
import {
  type Conversation,
  conversationIn,
  conversationWordCount,
  putConversation,
  sampleWordCount,
} from "../../src/ops/sample.ts";
import type { Sampling } from "../../src/policy/policy.ts";
import { Workspace, type WorkspaceOptions } from "../../src/policy/workspace.ts";
import { cardGpu } from "../support/card.ts";
import { folder } from "../support/golden.ts";
import { random } from "../support/gradcheck.ts";
import { ownGpu } from "../support/one_device.ts";
import { randomQwen } from "../support/random_qwen.ts";

const gpu = await cardGpu();

const shipped = (name: string) =>
  loadModel(gpu, folder(new URL(`../../public/${name}/`, import.meta.url)), { trained: true });

/** Like Qwen2.5-VL: biases, no norms of heads; here with a head of its own, and random weights. */
async function biased(on: Gpu): Promise<Model> {
  const files = await randomQwen("qwen25-window", "F32");
  const config = readConfig(await readJson(files, "config.json"), await readJson(files, "preprocessor_config.json"));
  const model = buildModel(on, { ...config, tieWordEmbeddings: false }, { trained: true });
  for (const [i, { name, shape }] of model.parameters.shapes.entries()) {
    const scale = shape.length === 1 ? 0.5 : 2 / Math.sqrt(shape[1]!);
    const values = random(i, size(shape)).map((x) => x * scale + (/norm/.test(name) ? 1 : 0));
    // Logits of neighbours are equal: the first one is the likeliest.
    if (name === headWeight)
      for (let row = 1; row < shape[0]!; row += 2)
        values.copyWithin(row * shape[1]!, (row - 1) * shape[1]!, row * shape[1]!);
    model.parameters.set(name, values);
  }
  return model;
}

/** A conversation before it is decoded: keys that it has, and where it is. */
interface Start extends Partial<Conversation> {
  prefix: number;
  prompt?: number;
}

/** Slots of all lengths around a tile of 64 keys, one that is done, and one without a prompt. */
const starts = (mostPrefix: number): Start[] => [
  { prefix: 1, cached: 0, token: 3 },
  { prefix: 28, cached: 5, token: 17 },
  { prefix: mostPrefix, cached: 30, token: 64 },
  { prefix: 28, cached: 2, done: true, token: 9 },
  { prefix: 60, cached: 3, prompt: 1, token: 1 },
  { prefix: 0, cached: 0, token: 77 },
  { prefix: 63, cached: 0, prompt: 1, token: 40 },
  { prefix: 100, cached: 27, token: 12 },
  { prefix: 128, cached: 11, prompt: 1, token: 99 },
  { prefix: 5, cached: 1, token: noIndex },
];

interface Decoded {
  conversations: Uint32Array;
  samples: Uint32Array;
  /** Without row 0 of each layer, which takes what padding writes. */
  cache: Uint32Array;
  /** Kernels that ran. */
  labels: Set<string>;
}

interface Setting {
  mostPrefix: number;
  sampling: Sampling;
  /** Which rows get how many tokens, one after another. */
  runs: { rows: number[]; count: number }[];
}

const restore: (() => void)[] = [];
afterEach(() => {
  for (const each of restore.splice(0)) each();
});

async function decoded(
  model: Model,
  { mostPrefix, sampling, runs }: Setting,
  options: WorkspaceOptions,
): Promise<Decoded> {
  const made = vi.spyOn(model, "newCache");
  const slots = starts(mostPrefix);
  const workspace = new Workspace(
    gpu,
    model,
    { prompts: 2, slots: slots.length, prefixTokens: mostPrefix, suffixTokens: 60 },
    options,
  );
  restore.push(() => workspace.free());
  const cache = made.mock.results[0]!.value as KeyValueCache;
  made.mockRestore();
  const { whole, apart } = cache.together!;
  gpu.write(whole, random(7, size(whole.shape)));
  const { sampler } = workspace;
  sampler.configure(sampling);
  for (const [slot, { prefix, prompt = 0 }] of slots.entries()) {
    const prefixBegin = workspace.prefixBegin(prompt);
    const suffixBegin = workspace.suffixBegin(slot);
    sampler.setPlace(slot, { prefixBegin, prefixEnd: prefixBegin + prefix, suffixBegin, task: prompt, rollout: slot });
  }
  sampler.flush(slots.map((_, slot) => slot));
  const words = new Uint32Array(slots.length * conversationWordCount);
  for (const [slot, { prefix, cached = 0, prompt = 0, token = 0, done = false }] of slots.entries())
    putConversation(words, slot, {
      token,
      cached,
      position: prefix + cached,
      sampled: 1,
      done,
      task: prompt,
      rollout: slot,
    });
  gpu.write(sampler.state.conversations, words);
  gpu.clear(sampler.state.samples);
  const labels = new Set<string>();
  gpu.beforeRun = ({ recorded }) => {
    for (const { shader, entry } of recorded) labels.add(`${shader.name}.${entry}`);
  };
  restore.push(() => {
    gpu.beforeRun = null;
  });
  for (const { rows, count } of runs) await workspace.decode(rows, count, null);
  const [conversations, samples, all] = (await gpu.readUint(
    sampler.state.conversations,
    sampler.state.samples,
    whole,
  )) as [Uint32Array, Uint32Array, Uint32Array];
  const perRow = size(cache.layer(0).keys.shape) / cache.rows;
  for (let from = 0; from < all.length; from += apart) all.fill(0, from, from + perRow);
  return { conversations, samples, cache: all, labels };
}

/** The tokens that slots sampled, of each the second and those after it. */
const tokensOf = ({ samples, conversations }: Decoded, slot: number): number[] => {
  const capacity = samples.length / starts(0).length / sampleWordCount;
  const { sampled } = conversationIn(conversations, slot);
  return Array.from({ length: sampled - 1 }, (_, i) => samples[(slot * capacity + 1 + i) * sampleWordCount]!);
};

const everyRow = starts(0).map((_, row) => row);
const someRows = [8, 2, 5, 3, 0];
const sampling: Sampling = { seed: 11, step: 4, temperature: 0.7, suppressed: [0, 5, 64], stops: [] };

async function expectEqual(model: Model, setting: Setting, options: WorkspaceOptions = {}): Promise<Decoded> {
  const separate = await decoded(model, setting, { fused: false });
  const fused = await decoded(model, setting, { fused: true, ...options });
  expect([...fused.labels].sort()).toEqual(["decode.arrange", "decode.decode"]);
  expect(separate.labels.size).toBeGreaterThan(8);
  for (const slot of everyRow) {
    expect(conversationIn(fused.conversations, slot), `slot ${slot}`).toEqual(
      conversationIn(separate.conversations, slot),
    );
    expect(tokensOf(fused, slot), `slot ${slot}`).toEqual(tokensOf(separate, slot));
  }
  expect(fused.samples).toEqual(separate.samples);
  expect(fused.cache).toEqual(separate.cache);
  return fused;
}

describe.each([
  ["needle", () => shipped("needle"), 200],
  ["worlds", () => shipped("worlds"), 300],
  ["biases, and a head of its own", () => biased(gpu), 140],
])("%s: a run of tokens in one dispatch has the bits of one op after another", async (_, open, mostPrefix) => {
  const model = await open();

  test("sampled, 1 and 16 tokens and more than a run has, of all rows and of some", async () => {
    const found = await expectEqual(model, {
      mostPrefix,
      sampling,
      runs: [
        { rows: everyRow, count: 1 },
        { rows: someRows, count: 16 },
        { rows: everyRow, count: 5 },
        { rows: [1], count: 18 },
      ],
    });
    expect(tokensOf(found, 1)).toHaveLength(24);
    expect(tokensOf(found, 3)).toEqual([]);
    // Sampled ones differ from each other, and none is suppressed.
    const all = everyRow.flatMap((slot) => tokensOf(found, slot));
    expect(new Set(all).size).toBeGreaterThan(20);
    expect(all.some((token) => sampling.suppressed.includes(token))).toBe(false);
  });

  test("greedy", async () => {
    await expectEqual(model, {
      mostPrefix,
      sampling: { ...sampling, temperature: 0 },
      runs: [{ rows: everyRow, count: 7 }],
    });
  });

  test("a conversation that samples a stop writes nothing more", async () => {
    const runs = [{ rows: everyRow, count: 12 }];
    const free = await decoded(model, { mostPrefix, sampling, runs }, {});
    // Tokens that came up in the middle of some rows.
    const stops = [tokensOf(free, 0)[3]!, tokensOf(free, 8)[6]!];
    const found = await expectEqual(model, { mostPrefix, sampling: { ...sampling, stops }, runs });
    expect(tokensOf(found, 0).length).toBeLessThanOrEqual(4);
    expect(conversationIn(found.conversations, 0).done).toBe(true);
    expect(everyRow.some((slot) => tokensOf(found, slot).length === 12)).toBe(true);
  });

  test("with two conversations in a workgroup", async () => {
    const { sizes } = usualDecoder(model)!;
    if (!takesDecode(gpu, sizes, 2)) return;
    const runs = [
      { rows: someRows, count: 3 },
      { rows: everyRow, count: 2 },
    ];
    await expectEqual(model, { mostPrefix, sampling, runs }, { rowsOfGroup: 2 });
    await expectEqual(model, { mostPrefix, sampling: { ...sampling, temperature: 0 }, runs }, { rowsOfGroup: 2 });
  });
});

test("models of another kind are not taken: with a cache or weights in fewer bits, or an adapter", async () => {
  const { config } = await biased(gpu);
  const of = (options: Partial<Parameters<typeof buildModel>[2]>) =>
    usualDecoder(buildModel(gpu, config, { trained: true, ...options }));
  expect(of({})).not.toBeNull();
  expect(of({ kvCacheDtype: "bf16" })).toBeNull();
  // Some of the weights are split from others, or are larger than what a kernel sees.
  for (const maxBindingBytes of [2 ** 16, 2 ** 14])
    expect(
      usualDecoder(
        buildModel(countingGpu({ maxStorageBufferBindingSize: maxBindingBytes }), config, { trained: false }),
      ),
    ).toBeNull();
  expect(of({ isRounded: () => true })).toBeNull();
  expect(of({ trained: false, formOf: () => ({ dtype: "bf16" }) })).toBeNull();
  const model = buildModel(gpu, config, { trained: false });
  const lora = readLoraConfig({ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: "all-linear" });
  model.adapter = new LoraAdapter(gpu, model.parameters, lora, { trained: false });
  expect(usualDecoder(model)).toBeNull();
  expect(usualDecoder(model.withoutAdapter())).not.toBeNull();
});

test("by default it is the way of cards that are known to be faster so", async () => {
  const model = await shipped("needle");
  const setting = { mostPrefix: 200, sampling, runs: [{ rows: someRows, count: 1 }] };
  const named = gpu as { adapterName: string };
  const { adapterName } = named;
  restore.push(() => {
    named.adapterName = adapterName;
  });
  const kernels = async (name: string) => {
    named.adapterName = name;
    return (await decoded(model, setting, {})).labels;
  };
  expect([...(await kernels("NVIDIA: 580.159.04"))].sort()).toEqual(["decode.arrange", "decode.decode"]);
  expect((await kernels("intel gen-12lp")).has("decode.decode")).toBe(false);
});

test("where the device refuses the large kernel, many small ones sample the same tokens", async () => {
  const { device: own, adapterName, maxBindingBytes } = await Gpu.open(ownGpu);
  const refused: string[] = [];
  const device = new Proxy(own, {
    get: (_, name) => {
      if (name === "createComputePipelineAsync")
        return async (descriptor: GPUComputePipelineDescriptor) => {
          if (descriptor.label !== "decode.decode") return own.createComputePipeline(descriptor);
          refused.push(descriptor.label);
          throw new Error("too many barriers");
        };
      const value = Reflect.get(own, name, own) as unknown;
      return typeof value === "function" ? value.bind(own) : value;
    },
  });
  const card = { software: false, plain: false, matrixUnits: null, unrolled: false };
  const other = new Gpu({ device, adapterName, maxBindingBytes, ...card });
  const model = await loadModel(other, folder(new URL("../../public/needle/", import.meta.url)), { trained: true });
  const size = { prompts: 1, slots: 8, prefixTokens: 30, suffixTokens: 20 };
  const sampled = async (fused: boolean) => {
    const workspace = new Workspace(other, model, size, { fused });
    const { sampler } = workspace;
    sampler.configure(sampling);
    const words = new Uint32Array(8 * conversationWordCount);
    for (let slot = 0; slot < 8; slot++) {
      const suffixBegin = workspace.suffixBegin(slot);
      sampler.setPlace(slot, { prefixBegin: 0, prefixEnd: 0, suffixBegin, task: 0, rollout: slot });
      const state = { token: 40 + slot, cached: 0, position: 0, sampled: 1, done: false, task: 0, rollout: slot };
      putConversation(words, slot, state);
    }
    sampler.flush([0, 1, 2, 3, 4, 5, 6, 7]);
    other.write(sampler.state.conversations, words);
    other.clear(sampler.state.samples);
    // Two at once, as lanes do.
    await Promise.all([workspace.decode([0, 1, 2, 3], 5, null), workspace.decode([4, 5, 6, 7], 5, null)]);
    const [samples] = await other.readUint(sampler.state.samples);
    workspace.free();
    return samples!;
  };
  const found = await sampled(true);
  expect(refused).toEqual(["decode.decode"]);
  expect(found.some((word) => word !== 0)).toBe(true);
  expect(found).toEqual(await sampled(false));
  other.close();
});
