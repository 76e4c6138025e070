import type { StoredTensor } from "../checkpoint_files.ts";
import type { QuantizedForm, QuantizedRows } from "./form.ts";
import type { Published } from "./published.ts";
import { awqRows, gptqRows, type PackedLinear } from "./transposed_rows.ts";

/** A linear layer's weight (O, I) that is quantized in its checkpoint. */
export interface QuantizedTensor {
  name: string;
  /** O, I */
  shape: [number, number];
  form: QuantizedForm;
  /** The file of its numbers. */
  file: string;
  /** In ranges of whole rows. The layer's packed tensors are in memory while it is read. */
  parts(): AsyncGenerator<{ firstRow: number } & QuantizedRows>;
}

/** Most numbers of a range, which has eight rows at least: what a processor's cache holds. */
const partNumbers = 2 ** 20;
const kinds = ["qweight", "qzeros", "scales", "g_idx"] as const;
type Kind = (typeof kinds)[number];
type Packed = Partial<Record<Kind, StoredTensor>>;

/**
 * Sorts a checkpoint's tensors into quantized weights and all others.
 *
 * @param notice  called with what a person should know
 * @throws Error naming the first tensor that is missing, does not fit to the others of its layer, or has its inputs in
 *         an order of its own
 */
export async function quantizedTensors(
  published: Published | null,
  tensors: readonly StoredTensor[],
  notice: (sentence: string) => void = () => {},
): Promise<{ quantized: QuantizedTensor[]; others: StoredTensor[] }> {
  const layers = new Map<string, Packed>();
  const others: StoredTensor[] = [];
  for (const tensor of tensors) {
    const [, module, kind] = /^(.*)\.([^.]*)$/.exec(tensor.name) ?? [];
    if (module !== undefined && kinds.includes(kind as Kind))
      layers.set(module, { ...layers.get(module), [kind as Kind]: tensor });
    else others.push(tensor);
  }
  const [first] = [...layers.values()].flatMap((packed) => Object.values(packed));
  if (!published) {
    if (first)
      throw new Error(
        `${first.file}: found "${first.name}" of a quantized checkpoint, but config.json has no quantization_config; is it the file of this checkpoint?`,
      );
    return { quantized: [], others };
  }
  if (!first)
    throw new Error(
      `config.json: quantization_config says ${published.method}, but the checkpoint holds no tensor "….qweight"; is it the file of this checkpoint?`,
    );
  const linears = [...layers].map(([module, packed]) => checkLayer(module, packed, published));
  const [linear] = linears as [Linear];
  const isZeroLessOne = await readsZeroLessOne(linear, published, notice);
  if (published.mayReorder) await checkOrder(linear);
  return { quantized: linears.map((linear) => quantizedTensor(linear, { ...published, isZeroLessOne })), others };
}

interface Linear {
  module: string;
  O: number;
  I: number;
  G: number;
  block: number;
  qweight: StoredTensor;
  qzeros: StoredTensor;
  scales: StoredTensor;
  order: StoredTensor | null;
}

/** Names, types and sizes of a layer's tensors fit to each other. */
function checkLayer(module: string, packed: Packed, { method, bits, groupSize }: Published): Linear {
  const need = (kind: Kind): StoredTensor => {
    const tensor = packed[kind];
    if (!tensor)
      throw new Error(
        `The checkpoint holds "${Object.values(packed)[0]?.name}" but not "${module}.${kind}"; is the download complete?`,
      );
    return tensor;
  };
  const [qweight, qzeros, scales] = [need("qweight"), need("qzeros"), need("scales")];
  const each = 32 / bits;
  const [rows = 0, columns = 0] = qweight.shape;
  const [I, O] = method === "awq" ? [rows, columns * each] : [rows * each, columns];
  const block = groupSize ?? I;
  const G = I / block;
  const order = packed.g_idx ?? null;
  const where = `${qweight.file}: "${module}.weight" (${O}, ${I})`;
  if (O === 0 || I === 0 || O % 8 !== 0 || I % 8 !== 0 || !Number.isInteger(G))
    throw new Error(
      `${where}: expected sizes that are multiples of 8 and whole groups of ${block} inputs, as quantization_config says`,
    );
  const expected: [StoredTensor | null, string[], number[]][] = [
    [qweight, ["I32", "U32"], [rows, columns]],
    [qzeros, ["I32", "U32"], [G, O / each]],
    [scales, ["F16"], [G, O]],
    [order, ["I32", "I64"], [I]],
  ];
  for (const [tensor, dtypes, shape] of expected)
    if (tensor && (!dtypes.includes(tensor.dtype) || tensor.shape.join() !== shape.join()))
      throw new Error(
        `${where}: quantization_config makes "${tensor.name}" ${dtypes[0]} of shape (${shape.join(", ")}), found ${tensor.dtype} of shape (${tensor.shape.join(", ")})`,
      );
  return { module, O, I, G, block, qweight, qzeros, scales, order };
}

function quantizedTensor(linear: Linear, published: Published): QuantizedTensor {
  const { module, O, I, G, block, qweight, qzeros, scales } = linear;
  const name = `${module}.weight`;
  const rowsAtOnce = Math.max(8, Math.floor(partNumbers / I / 8) * 8);
  async function* parts() {
    await checkOrder(linear);
    const packed: PackedLinear = {
      name: `${qweight.file}: "${name}"`,
      ...{ I, O, G },
      qweight: wordsOf(await qweight.bytes()),
      qzeros: wordsOf(await qzeros.bytes()),
      scales: new Uint16Array(aligned(await scales.bytes())),
    };
    for (let firstRow = 0; firstRow < O; firstRow += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, O - firstRow);
      const rows =
        published.method === "awq" ? awqRows(packed, firstRow, count) : gptqRows(packed, firstRow, count, published);
      yield { firstRow, ...rows };
    }
  }
  return { name, shape: [O, I], form: { dtype: published.bits === 8 ? "i8" : "i4", block }, file: qweight.file, parts };
}

/** Inputs belong to groups in their order. @throws Error where they do not */
async function checkOrder({ order, block }: Linear): Promise<void> {
  if (!order) return;
  const words = wordsOf(await order.bytes());
  const step = order.dtype === "I64" ? 2 : 1;
  for (let i = 0; i * step < words.length; i++)
    if (words[i * step] !== Math.floor(i / block))
      throw new Error(
        `${order.file}: "${order.name}" puts input ${i} into group ${words[i * step]}, expected ${Math.floor(i / block)}; checkpoints whose inputs are reordered ("desc_act": true) cannot be read, choose one with "desc_act": false`,
      );
}

/**
 * Symmetric weights have the zero point 2^(bits - 1). Some files that call themselves "gptq" store it as it is, like
 * "gptq_v2" (https://github.com/vllm-project/vllm/pull/38966); with one added, all weights would be off by a step.
 */
async function readsZeroLessOne(
  { qzeros }: Linear,
  { isZeroLessOne, isSymmetric, bits }: Published,
  notice: (sentence: string) => void,
): Promise<boolean> {
  if (!isZeroLessOne || !isSymmetric) return isZeroLessOne;
  const middle = bits === 8 ? 0x80808080 : 0x88888888;
  if (!wordsOf(await qzeros.bytes()).every((word) => word === middle)) return true;
  notice(
    `config.json: quantization_config says "gptq", but ${qzeros.name} stores zero points as "gptq_v2" does; they are read so`,
  );
  return false;
}

const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(aligned(bytes));

/** A buffer of these bytes alone, which a view of larger elements can begin in. */
const aligned = ({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer =>
  byteOffset === 0 && byteLength === buffer.byteLength
    ? (buffer as ArrayBuffer)
    : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
