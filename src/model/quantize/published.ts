import { flag, type Section, section, whole } from "../config_values.ts";
import { excerpt, type Json } from "../json_file.ts";
import { misfit, type QuantizedForm } from "./form.ts";

/** How the linear layers of a published checkpoint are stored, from `quantization_config` of its config.json. */
export interface Published {
  method: "awq" | "gptq";
  bits: 4 | 8;
  /** Numbers along I that share a scale; null where a whole row does. */
  groupSize: number | null;
  /** All zero points are half of the range. */
  isSymmetric: boolean;
  /** Zero points are stored less one: GPTQ but for "gptq_v2". */
  isZeroLessOne: boolean;
  /** The order of the inputs may be another than that of the groups. */
  mayReorder: boolean;
}

/** A key under its names, the usual one first. */
type Keys = readonly [string, ...string[]];

/** What to do about a checkpoint that cannot be read. */
const advice =
  "choose the checkpoint that was not quantized; baseDtype nf4 (--base-dtype nf4) quantizes it to four bits on the GPU";

/**
 * Null where the weights are not quantized.
 * Sources: transformers' `utils/quantization_config.py` (AwqConfig, GPTQConfig) and GPTQModel's `quantize_config.json`.
 * @throws Error naming a method or an option that cannot be read here
 */
export function readPublished(json: Json): Published | null {
  const place = [json, json.text_config as Json | undefined].find((one) => one?.quantization_config != null);
  if (!place) return null;
  const root: Section = { json: place, where: `config.json: ${place === json ? "" : "text_config."}` };
  const config = section(root, "quantization_config");
  const method = config.json.quant_method;
  if (method === "awq") return readAwq(config);
  if (method === "gptq") return readGptq(config);
  throw new Error(`${config.where}quant_method is ${excerpt(method)}, only "awq" and "gptq" can be read; ${advice}`);
}

/**
 * How such a checkpoint stores a weight (O, I), where only its config.json is known: the linear layers of the language
 * model are quantized. Null for all others.
 */
export function likelyForm(
  { bits, groupSize }: Published,
  { name, shape }: { name: string; shape: readonly number[] },
): QuantizedForm | null {
  const [, columns] = shape;
  if (columns === undefined || !/^model\.language_model\.layers\.\d+\.\w+\.\w+_proj\.weight$/.test(name)) return null;
  const form: QuantizedForm = { dtype: bits === 8 ? "i8" : "i4", block: groupSize ?? columns };
  return misfit(columns, form) === null ? form : null;
}

function readAwq(config: Section): Published {
  expect(config, ["bits", "w_bit"], [4]);
  expect(config, ["version", "checkpoint_format", "format"], ["gemm"], "gemm");
  expect(config, ["zero_point"], [true], true);
  return {
    method: "awq",
    bits: 4,
    groupSize: groupSize(config, ["group_size", "q_group_size"]),
    isSymmetric: false,
    isZeroLessOne: false,
    mayReorder: false,
  };
}

function readGptq(config: Section): Published {
  const bits = expect(config, ["bits"], [4, 8]);
  const format = expect(config, ["checkpoint_format", "format"], ["gptq", "gptq_v2"], "gptq");
  expect(config, ["pack_dtype"], ["int32"], "int32");
  return {
    method: "gptq",
    bits,
    groupSize: groupSize(config, ["group_size"]),
    isSymmetric: flag(config, "sym") ?? true,
    isZeroLessOne: format === "gptq",
    mayReorder: flag(config, "desc_act") ?? false,
  };
}

/** The first of these keys that has a value; the first of all where none has. */
const keyOf = (json: Json, keys: Keys): string => keys.find((key) => json[key] != null) ?? keys[0];

/** The value of the first of these keys that has one; text in either case. */
function expect<const Value extends string | number | boolean>(
  { json, where }: Section,
  keys: Keys,
  values: readonly Value[],
  absent?: Value,
): Value {
  const key = keyOf(json, keys);
  const found = json[key] ?? absent;
  const plain = typeof found === "string" ? found.toLowerCase() : found;
  const value = values.find((one) => one === plain);
  if (value === undefined)
    throw new Error(
      `${where}${key} is ${excerpt(found)}, only ${values.map(excerpt).join(" and ")} can be read; ${advice}`,
    );
  return value;
}

function groupSize(config: Section, keys: Keys): number | null {
  const key = keyOf(config.json, keys);
  const size = config.json[key] === -1 ? null : whole(config, key, 2 ** 18);
  if (size !== null && size % 8 !== 0)
    throw new Error(`${config.where}${key} is ${size}, only multiples of 8 can be read; ${advice}`);
  return size;
}
