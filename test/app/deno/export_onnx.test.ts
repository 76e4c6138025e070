import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { configText } from "../../../src/app/run/record.ts";
import { openFile } from "../../../src/model/checkpoint_files.ts";
import { toFloat32 } from "../../../src/model/float_bytes.ts";
import { readJson } from "../../../src/model/json_file.ts";
import { adapterParameterName } from "../../../src/model/lora.ts";
import { readHeader } from "../../../src/model/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../../../src/model/write_safetensors.ts";
import { checkpointFiles } from "../../../src/train/checkpoint.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { goldenFiles } from "../../support/golden.ts";

const golden = decodeURIComponent(new URL("../../golden/", import.meta.url).pathname);
let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Deno.remove(folder, { recursive: true });
});

async function run(line: string, changes: Partial<CommandContext> = {}): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const code = await runCommand(parsed, {
    terminal: { print: (text) => lines.push(text), progress: () => {} },
    openPlatform: openDenoPlatform,
    openSession: async () => {
      throw new Error("no session is needed");
    },
    compileKernels: async function* () {},
    compilers: async () => [],
    stopping: () => false,
    untilStopped: async () => {},
    dist: folder,
    ...changes,
  });
  return { code, lines };
}

async function names(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path)) found.push(entry.name);
  return found.sort();
}

test("a model becomes a folder as transformers.js reads it", async () => {
  const out = `${folder}/graphs`;
  const { code, lines } = await run(`export --as onnx --dtypes q8,fp32 --model ${golden}qwen25-published --out ${out}`);
  expect(code).toBe(0);
  expect(lines).toEqual([
    expect.stringMatching(/^The graphs are in .*graphs \(1\.\d+ MB\), README.md says what runs them$/),
  ]);
  expect(await names(folder)).toEqual(["graphs"]);
  expect(await names(out)).toEqual([
    "README.md",
    "config.json",
    "generation_config.json",
    "onnx",
    "preprocessor_config.json",
  ]);
  expect(await names(`${out}/onnx`)).toEqual([
    "decoder_model_merged.onnx",
    "decoder_model_merged_quantized.onnx",
    "embed_tokens.onnx",
    "embed_tokens_quantized.onnx",
    "vision_encoder.onnx",
    "vision_encoder_quantized.onnx",
  ]);
  // The sizes of this folder stand at the top of its config.json; transformers.js reads them in text_config.
  const config = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
  expect(config.text_config).toMatchObject({ num_hidden_layers: 2, num_key_value_heads: 2, head_dim: 16 });
  expect(config["transformers.js_config"]).toEqual({ kv_cache_dtype: { fp16: "float16" } });
  const processor = JSON.parse(await Deno.readTextFile(`${out}/preprocessor_config.json`));
  expect(processor).toMatchObject({ processor_class: "Qwen2_5_VLProcessor", patch_size: 14, do_resize: true });
  expect(await Deno.readTextFile(`${out}/README.md`)).toMatch(/\| `q8` \| `\*_quantized\.onnx` \| \d+ kB \|/);
});

test("what a folder has of text goes along, and one dtype is what is loaded", async () => {
  const out = `${folder}/graphs`;
  await run(`export --as onnx --dtypes q8 --model needle --out ${out}`);
  for (const name of ["tokenizer.json", "tokenizer_config.json", "generation_config.json"])
    expect(await Deno.readTextFile(`${out}/${name}`), name).toBe(
      await Deno.readTextFile(`${golden}../../public/needle/${name}`),
    );
  const config = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
  expect(config["transformers.js_config"]).toEqual({ dtype: "q8", kv_cache_dtype: { fp16: "float16" } });
  expect(await Deno.readTextFile(`${out}/README.md`)).toMatch(
    /^---\nlicense: apache-2\.0\nlibrary_name: transformers\.js\n/,
  );
});

test("a LoRA run: its adapter is merged, and parity holds the graphs to our own numbers", async () => {
  const model = `${golden}qwen25-window`;
  await makeRun(model);
  const out = `${folder}/graphs`;
  await run(`export --as onnx --dtypes fp32 --from ${folder}/run --out ${out}`);
  expect(await Deno.readTextFile(`${out}/README.md`)).toMatch(/^# run, step 3$/m);
  const { code, lines } = await run(`parity --onnx ${out} --from ${folder}/run`);
  expect(lines.at(-1)).toBe("4 passed, 0 failed");
  expect(code).toBe(0);
});

/** A run whose checkpoint of step 3 has the golden adapter. */
async function makeRun(model: string): Promise<void> {
  const files = goldenFiles("qwen25-window/adapter");
  const adapter = (await readJson(files, "adapter_config.json")) as Parameters<typeof checkpointFiles>[0]["adapter"];
  const weights = [];
  for (const { name, shape, values } of await openFile(files, "adapter_model.safetensors"))
    weights.push({ name: adapterParameterName(name), shape, values: await values() });
  const config = resolveConfig({ model, adapter: `${model}/adapter`, steps: 4 });
  await Deno.mkdir(`${folder}/run/checkpoint`, { recursive: true });
  await Deno.writeTextFile(`${folder}/run/config.json`, configText(config, []));
  const written = checkpointFiles({
    step: 3,
    config,
    weights,
    optimizer: { step: 3, m: weights, v: weights },
    adapter,
  });
  for (const { name, bytes } of written) await Deno.writeFile(`${folder}/run/checkpoint/${name}`, bytes);
}

test("what cannot be is refused in a sentence, and nothing is left behind", async () => {
  const out = `${folder}/graphs`;
  const line = `export --as onnx --dtypes fp32 --model ${golden}qwen25-window --out ${out}`;
  await expect(run(line.replace("fp32", "int3"))).rejects.toThrow(
    '--dtypes must be a list of fp32, fp16, q8, found "int3"',
  );
  await expect(run(`export --dtypes fp32 --out ${out}`)).rejects.toThrow(
    "--dtypes is of ONNX graphs; add --as onnx, or leave it out",
  );
  expect(() => parseArguments(["settings", "--as", "onnx"])).toThrow(
    '--as must be one of flags, verl, trl, json, found "onnx"',
  );
  await expect(run(line, { stopping: () => true })).resolves.toEqual({ code: 130, lines: [] });
  await broken(Number.NaN);
  await expect(run(line.replace(`${golden}qwen25-window`, `${folder}/broken`))).rejects.toThrow(
    /^model\.language_model\.norm\.weight, row 3: found NaN, and a graph of it would answer nothing/,
  );
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  // Not in the types that this repository has of Deno.
  const { FsFile } = Deno as unknown as { FsFile: { prototype: { write(): Promise<number> } } };
  vi.spyOn(FsFile.prototype, "write").mockRejectedValue(full);
  await expect(run(line)).rejects.toThrow(
    `Cannot write the files in ${out}: the disk is full; nothing is left there, free some space and try again`,
  );
  vi.restoreAllMocks();
  expect(await names(folder)).toEqual(["broken"]);
  await Deno.mkdir(out);
  await Deno.writeTextFile(`${out}/mine.txt`, "mine");
  await expect(run(line)).rejects.toThrow(/^Expected an empty or new folder, found 1 entries/);
  expect(await names(out)).toEqual(["mine.txt"]);
});

/** The golden model with one number that is another. */
async function broken(number: number): Promise<void> {
  await Deno.mkdir(`${folder}/broken`);
  for (const name of ["config.json", "preprocessor_config.json"])
    await Deno.writeFile(`${folder}/broken/${name}`, await Deno.readFile(`${golden}qwen25-window/${name}`));
  const bytes = await Deno.readFile(`${golden}qwen25-window/model.safetensors`);
  const { tensors } = await readHeader(bytes, bytes.length);
  const changed = tensors.map(({ name, shape, dtype, startByte, endByte }): TensorToWrite => {
    const values = toFloat32(bytes.slice(startByte, endByte), dtype);
    if (name.endsWith("language_model.norm.weight")) values[3] = number;
    return { name, shape, dtype: "F32", values };
  });
  await Deno.writeFile(`${folder}/broken/model.safetensors`, writeSafetensors(changed));
}
