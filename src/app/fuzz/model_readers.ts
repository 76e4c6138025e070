import { type CheckpointFiles, openCheckpoint } from "../../model/checkpoint_files.ts";
import { preprocessorIn, readConfig } from "../../model/families/read_files.ts";
import { readJson } from "../../model/json_file.ts";
import { adaptedModules, readLoraConfig } from "../../model/lora_config.ts";
import { preprocessorOf } from "../../model/preprocessor.ts";
import { readPublished } from "../../model/quantize/published.ts";
import { quantizedTensors } from "../../model/quantize/quantized_tensors.ts";
import { externalFiles } from "../../onnx/runtime/external_files.ts";
import { renderTemplate } from "../../policy/template.ts";
import { openTokenizer } from "../model_folder/qwen_tokenizer.ts";
import type { FuzzedReader, Sibling } from "./reader.ts";

const nameOf = (path: string): string => path.split("/").at(-1)!;

/** A folder in which one file is another one than on disk. */
function folder(path: string, bytes: Uint8Array, sibling: Sibling): CheckpointFiles {
  const find = async (name: string) => (name === nameOf(path) ? bytes : sibling(name));
  return {
    sizeBytes: async (name) => (await find(name))?.length ?? null,
    read: async (name, startByte = 0, endByte) => {
      const found = await find(name);
      if (!found) throw new Error(`${name} is missing from the model's folder`);
      return found.subarray(startByte, endByte);
    },
  };
}

const texts = [
  "What colour is it?",
  "a".repeat(64),
  "aaaa!".repeat(20),
  "<tool_call>\n{}</tool_call>",
  "\u00e9\u{1f600}\0",
];

const projections = ["q_proj", "v_proj", "gate_proj"].flatMap((name) =>
  [0, 1].map((layer) => ({ name: `model.language_model.layers.${layer}.self_attn.${name}.weight`, shape: [8, 8] })),
);

export const modelReaders: readonly FuzzedReader[] = [
  {
    name: "safetensors",
    takes: (path) => /(model\.safetensors|adapter_model\.safetensors|index\.json)$/.test(path),
    calls: (bytes, path, sibling) => [
      async () => {
        const name = nameOf(path).endsWith(".json") ? nameOf(path) : "model.safetensors";
        for (const tensor of (await openCheckpoint(folder(name, bytes, sibling))).slice(0, 20)) await tensor.values();
      },
    ],
  },
  {
    name: "quantized layers",
    takes: (path) => /\/quantized\/(awq|gptq)\/(config\.json|model\.safetensors)$/.test(path),
    calls: (bytes, path, sibling) => {
      const files = folder(path, bytes, sibling);
      return [
        async () => {
          const published = readPublished(await readJson(files, "config.json"));
          const { quantized } = await quantizedTensors(published, await openCheckpoint(files));
          for (const { parts } of quantized.slice(0, 20)) for await (const _ of parts());
        },
      ];
    },
  },
  {
    name: "model settings",
    takes: (path) => /\/(config|preprocessor_config|processor_config)\.json$/.test(path),
    calls: (bytes, path, sibling) => {
      const files = folder(path, bytes, sibling);
      return [
        async () => {
          const { json, where } = await preprocessorOf(files);
          readConfig(await readJson(files, "config.json"), json, where);
        },
        () => preprocessorIn(files),
      ];
    },
  },
  {
    name: "adapter settings",
    takes: (path) => /adapter[^/]*\.json$/.test(path) || /adapter-python-regex\/.*\.json$/.test(path),
    calls: (bytes) => [
      async () => {
        const json = await readJson(
          folder("adapter_config.json", bytes, async () => null),
          "adapter_config.json",
        );
        adaptedModules(readLoraConfig(json), projections);
      },
    ],
  },
  {
    name: "tokenizers",
    takes: (path) => /tokenizer[^/]*\.json$/.test(path) && !/tokenizer_config\.json$/.test(path),
    calls: (bytes) => [
      async () => {
        const tokenizer = await openTokenizer(async (name) => (name === "tokenizer.json" ? bytes : null));
        for (const text of texts) tokenizer.decode(tokenizer.encode(text));
      },
    ],
  },
  {
    name: "vocabularies",
    takes: () => false,
    seeds: ['{"a": 0, "b": 1, "ab": 2, "Ġ": 3}\n#version: 0.2\na b\n'],
    calls: (bytes) => [
      async () => {
        const text = new TextDecoder().decode(bytes);
        const end = text.indexOf("}") + 1;
        const parts: Record<string, string> = { "vocab.json": text.slice(0, end), "merges.txt": text.slice(end + 1) };
        const tokenizer = await openTokenizer(async (name) =>
          parts[name] === undefined ? null : new TextEncoder().encode(parts[name]),
        );
        for (const one of texts) tokenizer.encode(one);
      },
    ],
  },
  {
    name: "graphs",
    takes: (path) => path.endsWith(".onnx"),
    // The runtime itself reads the rest in a WebAssembly of its own.
    calls: (bytes, path) => [() => externalFiles(bytes, nameOf(path))],
  },
  {
    name: "chat templates",
    takes: (path) => path.endsWith(".jinja"),
    calls: (bytes) => [
      () =>
        renderTemplate(
          new TextDecoder().decode(bytes),
          [
            new Map([
              ["role", "user"],
              ["content", "Which digit?"],
            ]),
          ],
          [],
          { add_generation_prompt: true } as Parameters<typeof renderTemplate>[3],
        ),
    ],
  },
];
