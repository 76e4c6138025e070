/**
 * Which files beside a graph hold its weights, read from its bytes without decoding the rest: the runtime is given all
 * files when it opens a graph, so they must be known before. Field numbers are those of onnx.proto (ModelProto,
 * GraphProto, NodeProto, AttributeProto, TensorProto, FunctionProto).
 */

/** A message that can hold external tensors, as its fields that lead to one. */
interface Message {
  readonly fields: Readonly<Record<number, () => Message | "location">>;
}

const tensor: Message = { fields: { 13: () => "location" } };
const sparse: Message = { fields: { 1: () => tensor, 2: () => tensor } };
const attribute: Message = {
  fields: { 5: () => tensor, 6: () => graph, 10: () => tensor, 11: () => graph, 22: () => sparse, 23: () => sparse },
};
const node: Message = { fields: { 5: () => attribute } };
const graph: Message = { fields: { 1: () => node, 5: () => tensor, 15: () => sparse } };
const functions: Message = { fields: { 7: () => node, 11: () => attribute } };
const model: Message = { fields: { 7: () => graph, 25: () => functions } };

/** Graphs inside graphs; more is not a graph that anybody runs. */
const deepest = 64;

/**
 * The locations that tensors of the graph name, each once, in order of their first use.
 * @throws Error with one sentence where the bytes are not those of an ONNX graph
 */
export function externalLocations(bytes: Uint8Array, name: string): string[] {
  const found = new Set<string>();
  try {
    collect(bytes, 0, bytes.length, { message: model, depth: 0, found });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(`${name} is not an ONNX graph, or is damaged: ${error.message}; fetch it again`);
  }
  return [...found];
}

/**
 * The same as paths from the graph's folder, without "./".
 * @throws Error with one sentence where one leads out of that folder
 */
export function externalFiles(bytes: Uint8Array, name: string): string[] {
  return externalLocations(bytes, name).map((place) => {
    const parts = place.split("/").filter((part) => part !== "." && part !== "");
    const leadsOut = /^[/\\]|^[A-Za-z]:|\\|\0/.test(place) || parts.includes("..") || parts.length === 0;
    if (leadsOut)
      throw new Error(
        `${name} has weights in ${JSON.stringify(place)}, outside its folder: expected a file beside it; such a file is not read`,
      );
    return parts.join("/");
  });
}

interface Search {
  message: Message;
  depth: number;
  found: Set<string>;
}

function collect(bytes: Uint8Array, start: number, end: number, search: Search): void {
  if (search.depth > deepest) throw new RangeError("its graphs are nested too deeply");
  eachField(bytes, start, end, (field, from, to) => {
    const next = search.message.fields[field]?.();
    if (next === "location") readLocation(bytes, from, to, search.found);
    else if (next !== undefined) collect(bytes, from, to, { ...search, message: next, depth: search.depth + 1 });
  });
}

/** StringStringEntryProto: key 1, value 2. */
function readLocation(bytes: Uint8Array, start: number, end: number, found: Set<string>): void {
  const texts: Record<number, string> = {};
  eachField(bytes, start, end, (field, from, to) => {
    texts[field] = new TextDecoder().decode(bytes.subarray(from, to));
  });
  if (texts[1] === "location") found.add(texts[2] ?? "");
}

/** Calls back with the fields that have a length; numbers are passed over. */
function eachField(
  bytes: Uint8Array,
  start: number,
  end: number,
  see: (field: number, from: number, to: number) => void,
): void {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= end || scale > 2 ** 63) throw new RangeError(`a number at byte ${at} has no end`);
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const key = varint();
    const kind = key % 8;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = varint();
      if (length > end - at) throw new RangeError(`a field at byte ${at} ends behind what holds it`);
      see(Math.floor(key / 8), at, at + length);
      at += length;
    } else throw new RangeError(`there is no field at byte ${at}`);
    if (at > end) throw new RangeError(`a field at byte ${at} ends behind what holds it`);
  }
}
