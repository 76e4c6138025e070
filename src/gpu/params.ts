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
  const bytes = new Uint8Array(paramsBytes(dispatch));
  put(new DataView(bytes.buffer), shader.params, values, labelOf(dispatch));
  return bytes;
}

/**
 * A struct of a shader that stands in a storage buffer, as words.
 * @throws TypeError where a field is missing, or there is one that the struct lacks
 */
export function wordsOf(shader: Shader, struct: string, values: Readonly<Record<string, number>>): Uint32Array {
  const fields = shader.struct(struct);
  const words = new Uint32Array(fields.length);
  put(new DataView(words.buffer), fields, values, `${shader.name}.wgsl, ${struct},`);
  return words;
}

function put(view: DataView, fields: readonly Field[], values: Readonly<Record<string, number>>, where: string): void {
  for (const [i, { name, type }] of fields.entries()) {
    const value = values[name];
    if (value === undefined) throw new TypeError(`${where} needs the parameter ${name}`);
    if (type === "f32") view.setFloat32(i * 4, value, true);
    else if (type === "i32") view.setInt32(i * 4, value, true);
    else view.setUint32(i * 4, value, true);
  }
  // All fields were found: there is another one only where there are more.
  const names = Object.keys(values);
  if (names.length === fields.length) return;
  for (const name of names)
    if (!fields.some((field) => field.name === name)) throw new TypeError(`${where} has no parameter ${name}`);
}

/** The Params of several dispatches in one buffer, `strideBytes` apart. */
export function joinParams(blocks: readonly Uint8Array[]): { bytes: Uint8Array<ArrayBuffer>; strideBytes: number } {
  const longest = Math.max(1, ...blocks.map(({ byteLength }) => byteLength));
  const strideBytes = Math.ceil(longest / alignmentBytes) * alignmentBytes;
  const bytes = new Uint8Array(Math.max(1, blocks.length) * strideBytes);
  for (const [i, block] of blocks.entries()) bytes.set(block, i * strideBytes);
  return { bytes, strideBytes };
}
