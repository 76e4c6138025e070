import { describe, expect, test } from "vitest";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { toFloat32 } from "../../../src/model/float_bytes.ts";
import type { Json } from "../../../src/model/json_file.ts";
import { readHeader } from "../../../src/model/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../../../src/model/write_safetensors.ts";
import type { NamedBytes, Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import peftConfig from "../../golden/faults/adapter-dropout/adapter_config.json" with { type: "json" };
import processor from "../../golden/faults/transformers5-processor/processor_config.json" with { type: "json" };
import tokenizerJson from "../../golden/tokenizer-needle.json" with { type: "json" };
import { platform as shipped } from "../../support/shipped.ts";
import { tinyQwenFiles } from "../../support/tiny_qwen.ts";

type Files = Map<string, Uint8Array>;

const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const json = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes));
const tiny = tinyQwenFiles(tokenizerJson);

/** The tiny model's folder with some files put in, or (null) left out. */
function folder(changes: Record<string, unknown> = {}): Files {
  const files: Files = new Map(tiny.map(({ name, bytes }) => [name, bytes]));
  for (const [name, value] of Object.entries(changes))
    if (value === null) files.delete(name);
    else files.set(name, value instanceof Uint8Array ? value : encode(value));
  return files;
}

const platformOf = (folders: Record<string, Files>): Platform => {
  const find = (path: string) => {
    const cut = path.indexOf("/");
    return folders[path.slice(0, cut)]?.get(path.slice(cut + 1));
  };
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

async function open(files: Files, changes = {}, others: Record<string, Files> = {}) {
  return openGpuSession(platformOf({ tiny: files, ...others }), config(changes));
}

/** What a folder's model says of one scene. */
async function generated(files: Files, changes = {}, others: Record<string, Files> = {}) {
  const session = await open(files, changes, others);
  const rolled = [];
  for await (const { rollouts } of session.roll({ tasks: 1, rolloutsPerTask: 2, greedy: false }))
    rolled.push(...rollouts.map(({ segments }) => segments));
  const { notices } = session;
  session.close();
  return { rolled, notices };
}

async function tensorsOf(bytes: Uint8Array): Promise<TensorToWrite[]> {
  const { tensors } = await readHeader(bytes, bytes.length);
  return tensors.map(({ name, shape, dtype, startByte, endByte }) => ({
    name,
    shape,
    dtype: "F32",
    values: toFloat32(bytes.subarray(startByte, endByte), dtype),
  }));
}

const weights = await tensorsOf(tiny.find(({ name }) => name === "model.safetensors")!.bytes);
const embedding = weights.find(({ name }) => name.endsWith("embed_tokens.weight"))!;
const headOf = (values: Float32Array): TensorToWrite => ({ ...embedding, name: "lm_head.weight", values });
const otherHead = headOf(embedding.values.map((x, i) => x * 0.5 + ((i * 7919) % 101) / 500));
const withTensors = (tensors: readonly TensorToWrite[]) => folder({ "model.safetensors": writeSafetensors(tensors) });

describe("a folder as transformers 5 writes it", () => {
  test("has processor_config.json alone, and an export carries it over", async () => {
    const files = folder({ "preprocessor_config.json": null, "processor_config.json": processor });
    const session = await open(files, { maxPixels: 0 });
    expect(session.model.view).toEqual({ factor: 28, minPixels: 3136, maxPixels: 50_000 });
    const exported = await session.exportFiles();
    expect(json(exported.find(({ name }) => name === "processor_config.json")!.bytes)).toEqual(processor);
    session.close();
  });

  test("what it says of levels reaches the model", async () => {
    const preprocessor = json(tiny.find(({ name }) => name === "preprocessor_config.json")!.bytes);
    const plain = await generated(folder());
    const dark = await generated(folder({ "preprocessor_config.json": { ...preprocessor, do_normalize: false } }));
    expect(dark.rolled).not.toEqual(plain.rolled);
  });
});

describe("tie_word_embeddings beside a head", () => {
  test("that differs: it is loaded, trained and exported as a weight of its own", async () => {
    const files = withTensors([...weights, otherHead]);
    const plain = await generated(folder());
    const untied = await generated(files);
    expect(untied.rolled).not.toEqual(plain.rolled);
    expect(untied.notices).toEqual([
      "config.json: tie_word_embeddings is true, but lm_head.weight in the checkpoint differs from the embedding; the two are not tied, as in transformers, and an export says so",
    ]);

    const session = await open(files, { learningRate: 0.01, weightDecay: 0.1, entropyCoef: 0.1 });
    expect(session.model.parameters).toBe([...weights, otherHead].reduce((sum, { values }) => sum + values.length, 0));
    const before = await session.exportFiles();
    for await (const event of session.train()) if (event.type === "end") expect(event.reason).toBe("done");
    const { files: checkpoint } = await session.checkpoint();
    const exported = await session.exportFiles();
    session.close();
    expect(json(exported.find(({ name }) => name === "config.json")!.bytes).tie_word_embeddings).toBe(false);
    const stored = async (of: readonly NamedBytes[]) => {
      const found = await tensorsOf(of.find(({ name }) => name === "model.safetensors")!.bytes);
      return new Map(found.map(({ name, values }) => [name, values]));
    };
    const first = (await stored(before)).get("lm_head.weight")!;
    expect(Math.max(...first.map((x, i) => Math.abs(x - otherHead.values[i]!)))).toBeLessThan(0.01);
    expect((await stored(checkpoint)).get("lm_head.weight")).not.toEqual(otherHead.values);

    const again = await generated(new Map(exported.map(({ name, bytes }) => [name, bytes])));
    expect(again.notices).toEqual([]);
  });

  test("that is the same, or stands alone: they are tied", async () => {
    const plain = await generated(folder());
    const same = await generated(withTensors([...weights, headOf(embedding.values)]));
    const alone = await generated(
      withTensors([...weights.filter((one) => one !== embedding), headOf(embedding.values)]),
    );
    for (const one of [same, alone]) expect(one).toEqual(plain);
  });

  test("under a new adapter the head stays what it is", async () => {
    const files = withTensors([...weights, otherHead]);
    expect((await generated(files, { loraRank: 2 })).rolled).toEqual((await generated(files)).rolled);
  });
});

describe("tensors that are not weights of the model", () => {
  const buffer = (name: string): TensorToWrite => ({ name, dtype: "F32", shape: [3], values: new Float32Array(3) });

  test("are named and left aside", async () => {
    const stray = ["a", "b", "c"].map((name) => buffer(`model.layers.${name}.self_attn.rotary_emb.inv_freq`));
    const { rolled, notices } = await generated(withTensors([...stray, buffer("model.extra"), ...weights]));
    expect(rolled).toEqual((await generated(folder())).rolled);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(
      'holds 4 tensors that are not weights of the model; they are not used, as in transformers: "model.',
    );
    expect(notices[0]).toMatch(/ and 1 more$/);
  });

  test("a shard's weight counts though the index does not name it", async () => {
    const [first, ...rest] = weights;
    const { rolled } = await generated(
      folder({
        "model.safetensors": null,
        "model.safetensors.index.json": { weight_map: { [rest[0]!.name]: "m-2.safetensors", x: "m-1.safetensors" } },
        "m-1.safetensors": writeSafetensors([first!]),
        "m-2.safetensors": writeSafetensors(rest),
      }),
    );
    expect(rolled).toEqual((await generated(folder())).rolled);
  });

  test("one that is missing is still refused, and so is one weight in both spellings", async () => {
    await expect(open(withTensors(weights.slice(1)))).rejects.toThrow(
      `The checkpoint lacks 1 weights that config.json asks for, the first is "${weights[0]!.name}"`,
    );
    const old = { ...embedding, name: "model.embed_tokens.weight" };
    await expect(open(withTensors([...weights, old]))).rejects.toThrow("which are one weight");
  });
});

test("sizes that the files do not have are refused before anything is allocated", async () => {
  const own = json(tiny.find(({ name }) => name === "config.json")!.bytes);
  const text = own.text_config as Json;
  await expect(
    open(
      folder({
        "config.json": { ...own, text_config: { ...text, num_hidden_layers: 1024, intermediate_size: 262_144 } },
      }),
    ),
  ).rejects.toThrow("config.json makes it");
  await expect(
    open(folder({ "config.json": { ...own, text_config: { ...text, num_hidden_layers: 1024 } } })),
  ).rejects.toThrow("The checkpoint lacks");
});

test("a tokenizer of another model is refused", async () => {
  const own = json(tiny.find(({ name }) => name === "config.json")!.bytes);
  const added = tokenizerJson.added_tokens.map((one) => (one.id === 479 ? { ...one, id: 5000 } : one));
  await expect(open(folder({ "tokenizer.json": { ...tokenizerJson, added_tokens: added } }))).rejects.toThrow(
    "The tokenizer has a token with id 5000, config.json has vocab_size 480",
  );
  await expect(open(folder({ "config.json": { ...own, image_token_id: 3 } }))).rejects.toThrow(
    "The tokenizer's <|image_pad|> has id 470, config.json has image_token_id 3",
  );
});

test("JSON as Python writes it is read, and exported as it stood", async () => {
  const own = new TextDecoder().decode(tiny.find(({ name }) => name === "config.json")!.bytes);
  const files = folder({
    "config.json": own.replace("{", '{"some_limit": Infinity, "some_loss": NaN,'),
    "generation_config.json": '{"temperature": NaN}',
  });
  const session = await open(files);
  const exported = await session.exportFiles();
  session.close();
  const text = (name: string) => new TextDecoder().decode(exported.find((file) => file.name === name)!.bytes);
  expect(text("config.json")).toContain('"some_loss": NaN');
  expect(text("config.json")).toContain('"some_limit": Infinity');
  expect(text("generation_config.json")).toBe('{"temperature": NaN}');
  await expect(open(folder({ "config.json": own.replace('"vocab_size": 480', '"vocab_size": NaN') }))).rejects.toThrow(
    "config.json: text_config.vocab_size must be a whole number from 1 to 1048576, found NaN",
  );
});

describe("an adapter that PEFT trained with dropout", () => {
  test("rolls as one without; training it is refused by name, and so is a run", async () => {
    const made = await open(folder(), { loraRank: 8, loraTargets: "q_proj,v_proj" });
    const adapter = await made.exportFiles();
    const older = (await made.exportFiles("old")).find(({ name }) => name === "adapter_model.safetensors")!;
    expect((await readHeader(older.bytes, older.bytes.length)).tensors[0]!.name).toMatch(
      /^base_model\.model\.model\.layers\.0\./,
    );
    made.close();
    const folderOf = (changes: Json): Record<string, Files> => ({
      lora: new Map([
        ["adapter_config.json", encode({ ...peftConfig, ...changes })],
        ["adapter_model.safetensors", adapter.find(({ name }) => name === "adapter_model.safetensors")!.bytes],
      ]),
    });
    // PEFT's list of names means the vision tower's layers too; that one has others.
    const [plain, dropped] = [
      await generated(folder(), { adapter: "lora" }, folderOf({ lora_dropout: 0 })),
      await generated(folder(), { adapter: "lora" }, folderOf({})),
    ];
    expect(dropped).toEqual(plain);
    const session = await open(folder(), { adapter: "lora" }, folderOf({}));
    const sentence = "adapter_config.json: lora_dropout is 0.05, training supports only 0";
    expect(() => session.expectTrainable()).toThrow(sentence);
    await expect(session.train().next()).rejects.toThrow(sentence);
    session.close();
  });
});
