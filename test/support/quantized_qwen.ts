import { openCheckpoint } from "../../src/model/checkpoint_files.ts";
import { fromHalf, toHalf } from "../../src/model/half.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { type RawTensor, rawSafetensors } from "./raw_safetensors.ts";
import { tinyQwenFiles } from "./tiny_qwen.ts";

/** Numbers along I that share a scale; the tiny model is 32 wide. */
const group = 32;

/** How nibbles of a u32 lie: place k holds number order[k]. */
const orders = { awq: [0, 2, 4, 6, 1, 3, 5, 7], gptq: [0, 1, 2, 3, 4, 5, 6, 7] };

/**
 * The tiny random Qwen2.5-VL with the linear layers of its text model as AWQ or GPTQ stores them, and the same model
 * with the numbers that they mean, in f32.
 */
export async function quantizedQwenFiles(
  tokenizerJson: object,
  method: "awq" | "gptq",
  seed = 0,
): Promise<{ quantized: NamedBytes[]; plain: NamedBytes[] }> {
  const files = tinyQwenFiles(tokenizerJson, seed);
  const find = (name: string) => files.find((file) => file.name === name)!.bytes;
  const tensors = await openCheckpoint({
    sizeBytes: async (name) => files.find((file) => file.name === name)?.bytes.length ?? null,
    read: async (name, start, end) => find(name).slice(start, end),
  });
  const quantized: RawTensor[] = [];
  const plain: RawTensor[] = [];
  for (const tensor of tensors) {
    const { name, shape } = tensor;
    const values = await tensor.values();
    if (/language_model\.layers\..*_proj\.weight$/.test(name)) {
      const layer = quantize(values, shape[1]!);
      quantized.push(...pack(name.replace(/\.weight$/, ""), layer, shape as [number, number], method));
      plain.push({ name, shape, dtype: "F32", data: layer.means });
    } else for (const list of [quantized, plain]) list.push({ name, shape, dtype: "F32", data: values });
  }
  const config = JSON.parse(new TextDecoder().decode(find("config.json")));
  config.quantization_config =
    method === "awq"
      ? {
          quant_method: "awq",
          bits: 4,
          group_size: group,
          zero_point: true,
          version: "gemm",
          modules_to_not_convert: ["visual"],
        }
      : { quant_method: "gptq", bits: 4, group_size: group, sym: false, desc_act: false, checkpoint_format: "gptq" };
  const withFiles = (changed: NamedBytes[]) =>
    files.map((file) => changed.find(({ name }) => name === file.name) ?? file);
  return {
    quantized: withFiles([
      { name: "config.json", bytes: new TextEncoder().encode(JSON.stringify(config, null, 1)) },
      { name: "model.safetensors", bytes: rawSafetensors(quantized) },
    ]),
    plain: withFiles([{ name: "model.safetensors", bytes: rawSafetensors(plain) }]),
  };
}

/** q, zero points and scales by group of a row, from its smallest to its largest number; and what they mean. */
function quantize(values: Float32Array, I: number) {
  const q = new Uint8Array(values.length);
  const zeros = new Uint8Array(values.length / group);
  const scales = new Uint16Array(values.length / group);
  const means = new Float32Array(values.length);
  for (let g = 0; g < zeros.length; g++) {
    const part = values.subarray(g * group, (g + 1) * group);
    const least = Math.min(0, ...part);
    scales[g] = toHalf((Math.max(0, ...part) - least) / 15);
    const scale = fromHalf(scales[g]!);
    // From 1 on: the first version of GPTQ's files stores zero points less one.
    zeros[g] = Math.min(15, Math.max(1, Math.round(-least / scale)));
    part.forEach((value, k) => {
      const i = g * group + k;
      q[i] = Math.min(15, Math.max(0, Math.round(value / scale) + zeros[g]!));
      means[i] = (q[i]! - zeros[g]!) * scale;
    });
  }
  return { q, zeros, scales, means, I };
}

function pack(
  module: string,
  { q, zeros, scales, I }: ReturnType<typeof quantize>,
  [O]: [number, number],
  method: "awq" | "gptq",
): RawTensor[] {
  const G = I / group;
  const order = orders[method];
  const words = (rows: number, columns: number, at: (row: number, column: number) => number) => {
    const result = new Uint32Array((rows * columns) / 8);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        result[(row * columns + column) >> 3]! |= at(row, (column & ~7) + order[column & 7]!) << ((column & 7) * 4);
    return result;
  };
  const turned = Uint16Array.from({ length: G * O }, (_, i) => scales[(i % O) * G + Math.floor(i / O)]!);
  const scaleTensor: RawTensor = { name: `${module}.scales`, dtype: "F16", shape: [G, O], data: turned };
  if (method === "awq")
    return [
      { name: `${module}.qweight`, dtype: "I32", shape: [I, O / 8], data: words(I, O, (i, o) => q[o * I + i]!) },
      { name: `${module}.qzeros`, dtype: "I32", shape: [G, O / 8], data: words(G, O, (g, o) => zeros[o * G + g]!) },
      scaleTensor,
    ];
  const alongInputs = words(O, I, (o, i) => q[o * I + i]!);
  return [
    {
      name: `${module}.qweight`,
      dtype: "I32",
      shape: [I / 8, O],
      data: Uint32Array.from(alongInputs, (_, k) => alongInputs[(k % O) * (I / 8) + Math.floor(k / O)]!),
    },
    { name: `${module}.qzeros`, dtype: "I32", shape: [G, O / 8], data: words(G, O, (g, o) => zeros[o * G + g]! - 1) },
    scaleTensor,
    { name: `${module}.g_idx`, dtype: "I32", shape: [I], data: Int32Array.from({ length: I }, (_, i) => i / group) },
  ];
}
