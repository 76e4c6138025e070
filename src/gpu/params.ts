import { type Dispatch, labelOf } from "./dispatch.ts";
import type { Field, Shader } from "./shader.ts";

/** Offsets of uniform bindings are multiples of this. */
const alignmentBytes = 256;

/** Bytes of a shader's Params as WGSL lays them out. */
export const paramsBytes = ({ shader }: Pick<Dispatch, "shader">): number =>
  Math.ceil((shader.params.length * 4) / 16) * 16;

/** The Params of a dispatch as bytes. @throws TypeError where a field is missing, or there is one that the shader lacks */
export function packParams(dispatch: Dispatch): Uint8Array {
  const { shader, params: values = {} } = dispatch;
  const words = new Uint32Array(paramsBytes(dispatch) / 4);
  put(words, shader.params, values, () => labelOf(dispatch));
  return new Uint8Array(words.buffer);
}

/**
 * A struct of a shader that stands in a storage buffer, as words.
 * @throws TypeError where a field is missing, or there is one that the struct lacks
 */
export function wordsOf(shader: Shader, struct: string, values: Readonly<Record<string, number>>): Uint32Array {
  const words = new Uint32Array(shader.struct(struct).length);
  put(words, shader.struct(struct), values, () => `${shader.name}.wgsl, ${struct},`);
  return words;
}

/** The bits of an f32 as a word. Every host of WebGPU has the device's byte order, little-endian. */
const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** Done for every conversation of a step, and so without iterators and views. */
function put(
  words: Uint32Array,
  fields: readonly Field[],
  values: Readonly<Record<string, number>>,
  where: () => string,
): void {
  for (let i = 0; i < fields.length; i++) {
    const { name, type } = fields[i]!;
    const value = values[name];
    if (value === undefined) throw new TypeError(`${where()} needs the parameter ${name}`);
    if (type === "f32") {
      float[0] = value;
      words[i] = floatBits[0]!;
    } else words[i] = value;
  }
  // All fields were found: there is another one only where there are more.
  const names = Object.keys(values);
  if (names.length === fields.length) return;
  for (const name of names)
    if (!fields.some((field) => field.name === name)) throw new TypeError(`${where()} has no parameter ${name}`);
}

/** The Params of several dispatches in one buffer, `strideBytes` apart. */
export function joinParams(blocks: readonly Uint8Array[]): { bytes: Uint8Array<ArrayBuffer>; strideBytes: number } {
  const longest = Math.max(1, ...blocks.map(({ byteLength }) => byteLength));
  const strideBytes = Math.ceil(longest / alignmentBytes) * alignmentBytes;
  const bytes = new Uint8Array(Math.max(1, blocks.length) * strideBytes);
  for (const [i, block] of blocks.entries()) bytes.set(block, i * strideBytes);
  return { bytes, strideBytes };
}
