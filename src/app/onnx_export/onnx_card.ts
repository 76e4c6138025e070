import type { ModelConfig } from "../../model/config.ts";
import type { OnnxFolder } from "../../onnx/export/onnx_folder.ts";
import { deepstackFeatures } from "../../onnx/graph/embedding.ts";
import { quantBlock, type WrittenDtype, writtenDtypes } from "../../onnx/graph/precision.ts";
import type { Licence } from "../model_card/licence.ts";
import { shownBytes } from "../text/shown_bytes.ts";

/** A part of a card: which graphs there are, what runs them, and what is not the same there. */
export function onnxSection(config: ModelConfig, { files }: OnnxFolder, dtypes: readonly WrittenDtype[]): string {
  const features = deepstackFeatures(config);
  const sizeOf = (dtype: WrittenDtype): string => {
    const own = files.filter(({ name }) => suffixOf(name) === writtenDtypes[dtype].suffix);
    return shownBytes(own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  };
  const rows = dtypes.map(
    (dtype) => `| \`${dtype}\` | \`*${writtenDtypes[dtype].suffix}.onnx\` | ${sizeOf(dtype)} | ${whatIs[dtype]} |`,
  );
  return [
    "## ONNX",
    "Three graphs in transformers.js' layout, written by Saccade, adapters merged: `embed_tokens`, `vision_encoder` (pictures of any number and size) and `decoder_model_merged` (with its cache of keys and values).",
    ["| dtype | files | size | |", "|---|---|---|---|", ...rows].join("\n"),
    ["```js", ...usage, "```"].join("\n"),
    "`saccade parity --onnx FOLDER` holds the fp32 graphs to Saccade's own log-probabilities (1e-4) and greedy tokens. transformers.js resizes pictures by another routine than Pillow's, and what does not round to the same level can change a token: show pictures of the model's own size where that matters.",
    ...(features > 0
      ? [
          `This model adds features of ${features} vision layers between its first text layers (deepstack). They stand beside the embeddings: \`inputs_embeds\` and \`image_features\` are ${1 + features} times as wide as the model.`,
        ]
      : []),
  ].join("\n\n");
}

const suffixOf = (name: string): string => {
  const found = Object.values(writtenDtypes).find(({ suffix }) => suffix !== "" && name.includes(`${suffix}.onnx`));
  return found?.suffix ?? "";
};

const whatIs: Readonly<Record<WrittenDtype, string>> = {
  fp32: "the numbers themselves",
  fp16: "float16 throughout, for WebGPU with shader-f16",
  q8: `matrices in 8 bits with a scale for ${quantBlock} numbers, computed in float32`,
};

const usage = [
  'import { AutoModelForImageTextToText, AutoProcessor, RawImage } from "@huggingface/transformers";',
  "",
  'const folder = "THIS FOLDER OR REPOSITORY";',
  "const processor = await AutoProcessor.from_pretrained(folder);",
  'const model = await AutoModelForImageTextToText.from_pretrained(folder, { dtype: "fp32" });',
  'const messages = [{ role: "user", content: [{ type: "image" }, { type: "text", text: "What is in the picture?" }] }];',
  "const prompt = processor.apply_chat_template(messages, { add_generation_prompt: true });",
  'const inputs = await processor(prompt, await RawImage.read("picture.png"));',
  "const ids = await model.generate({ ...inputs, max_new_tokens: 256, do_sample: false });",
  "console.log(processor.batch_decode(ids, { skip_special_tokens: true }));",
];

/** The card of a model that no run of ours made. */
export const onnxCard = (model: string, section: string, licence: Licence): string =>
  [
    [
      "---",
      `license: ${licence.id}`,
      ...(licence.id === "other" ? ["license_name: see-base-model"] : []),
      "library_name: transformers.js",
      "pipeline_tag: image-text-to-text",
      "tags:",
      "- onnx",
      "- saccade",
      "---",
    ].join("\n"),
    `# ${model} as ONNX graphs`,
    section,
    "## Licence",
    licence.line,
  ].join("\n\n");
