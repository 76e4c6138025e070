import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { bytesOf, shapeText, size, type Tensor } from "../gpu/tensor.ts";
import { dequantizeRows } from "./quantize/dequantize_rows.ts";
import type { QuantizedForm, QuantizedRows } from "./quantize/form.ts";
import { type Dtype as StoredDtype, toFloat32 } from "./safetensors.ts";
import { isStoredAs, pack, sidesOf, unpack, type WeightForm } from "./weight_form.ts";

/** A weight's Hugging Face name and shape. */
export interface ParameterShape {
  name: string;
  shape: number[];
  /** Weights of one pack stand one after another without gaps, and can be read as one: see `Parameters.packed`. */
  pack?: string;
}

/** One stretch of weights with gradient and optimizer state of the same layout, in four buffers. */
export interface Segment {
  weight: Tensor;
  d: Tensor;
  m: Tensor;
  v: Tensor;
  /** Of i8, i4 and nf4. */
  scales: Tensor | null;
  /** Matrices stand before this index, vectors after it: weight decay can leave out the vectors. */
  matrixEnd: number;
}

interface Place {
  segment: number;
  /** First number in the segment, and first of its scales. */
  start: number;
  scalesStart: number;
  form: WeightForm;
  tensor: Tensor;
}

/** Tensors start at multiples of 256 bytes, so that each can be bound by itself. */
const alignmentBytes = 256;

export interface ParametersOptions {
  trained: boolean;
  /** How each weight is kept where none is trained; all in f32 unless given. */
  formOf?: (parameter: ParameterShape) => WeightForm;
}

/** Packs, and weights that are in none, matrices first; a pack stands where the first of it does. */
function unitsOf(shapes: readonly ParameterShape[]): ParameterShape[][] {
  const units = new Map<string, ParameterShape[]>();
  for (const shape of shapes) {
    const key = shape.pack === undefined ? `weight ${shape.name}` : `pack ${shape.pack}`;
    const unit = units.get(key);
    if (unit) unit.push(shape);
    else units.set(key, [shape]);
  }
  return [...units.values()].sort(([a], [b]) => Number(a!.shape.length < 2) - Number(b!.shape.length < 2));
}

const countOf = (unit: readonly ParameterShape[]): number => unit.reduce((n, { shape }) => n + size(shape), 0);

/**
 * All weights of a model, packed into as few buffers as the device's binding limit allows, so that the optimizer is
 * one dispatch and a checkpoint one read. What is trained is f32. Other weights may be kept in fewer bits; a device
 * whose ops leave out their fast ways keeps the numbers that those stand for in f32.
 */
export class Parameters {
  readonly segments: Segment[] = [];
  readonly #places = new Map<string, Place>();
  /** By the names in them: a view over all their weights, and one over the gradients. */
  readonly #packs = new Map<string, { weight: Tensor; d: Tensor }>();
  /** Set while the weights are trained: gradients and moments exist. */
  readonly trained: boolean;

  constructor(
    readonly gpu: Gpu,
    readonly shapes: readonly ParameterShape[],
    { trained, formOf = () => ({ dtype: "f32" }) }: ParametersOptions,
  ) {
    this.trained = trained;
    const forms = new Map(shapes.map((shape) => [shape, trained ? ({ dtype: "f32" } as const) : formOf(shape)]));
    const formsOf = (shape: ParameterShape): { form: WeightForm; kept: WeightForm } => {
      const form = forms.get(shape)!;
      return { form, kept: gpu.plain ? { dtype: "f32" } : form };
    };
    // A pack comes apart that is too large to be bound, or whose weights are kept in different ways.
    const isWhole = (unit: readonly ParameterShape[]): boolean => {
      const { kept } = formsOf(unit[0]!);
      return (
        unit.every((shape) => formsOf(shape).kept.dtype === kept.dtype && formsOf(shape).kept.block === kept.block) &&
        bytesOf({ shape: [countOf(unit)], dtype: kept.dtype }) <= gpu.maxBindingBytes
      );
    };
    const units = unitsOf(shapes).flatMap((unit) => (isWhole(unit) ? [unit] : unit.map((shape) => [shape])));
    const dtypeOf = ([shape]: readonly ParameterShape[]) => formsOf(shape!).kept.dtype;
    for (const dtype of new Set(units.map(dtypeOf)))
      this.#lay(
        dtype,
        units.filter((unit) => dtypeOf(unit) === dtype),
        formsOf,
      );
    for (const unit of units) if (unit.length > 1) this.#addPack(unit);
  }

  /** Puts weights of one dtype one after another, into segments that they are made with. */
  #lay(
    dtype: WeightForm["dtype"],
    units: readonly (readonly ParameterShape[])[],
    formsOf: (shape: ParameterShape) => { kept: WeightForm; form: WeightForm },
  ): void {
    const limitBytes = this.gpu.maxBindingBytes;
    const aligned = (count: number, of: Tensor["dtype"]) => {
      const each = (alignmentBytes * 64) / bytesOf({ shape: [64], dtype: of });
      return Math.ceil(count / each) * each;
    };
    const open = () => ({ length: 0, scales: 0, matrixEnd: 0 });
    const sizes = [open()];
    const first = this.segments.length;
    const places: (Omit<Place, "tensor"> & { shape: ParameterShape; kept: WeightForm })[] = [];
    for (const unit of units) {
      const count = aligned(countOf(unit), dtype);
      const bytesWith = (before: number) => bytesOf({ shape: [before + count], dtype });
      const [{ name, shape: sides }] = unit as readonly [ParameterShape];
      if (this.trained && bytesWith(0) > limitBytes)
        throw new Error(
          `${name} ${shapeText(sides)} is larger than this device can bind (${limitBytes} bytes), so it cannot be trained; train an adapter`,
        );
      let last = sizes.at(-1)!;
      if (last.length > 0 && bytesWith(last.length) > limitBytes) {
        last = open();
        sizes.push(last);
      }
      let [start, scalesStart] = [last.length, last.scales];
      for (const shape of unit) {
        const { kept, form } = formsOf(shape);
        places.push({ shape, kept, form, segment: first + sizes.length - 1, start, scalesStart });
        start += size(shape.shape);
        if (kept.block !== undefined) scalesStart += size(shape.shape) / kept.block;
      }
      last.length += count;
      last.scales = aligned(scalesStart, "u32");
      if (sides.length >= 2) last.matrixEnd = last.length;
    }
    for (const { length, scales: scalesLength, matrixEnd } of sizes) {
      const make = (name: string, count = length, of: Tensor["dtype"] = dtype) => {
        const tensor = this.gpu.empty(`${name}.${this.segments.length}`, [count], of);
        this.gpu.clear(tensor);
        return tensor;
      };
      const weight = make("weights");
      const scales = scalesLength > 0 ? make("scales", scalesLength, "u32") : null;
      this.segments.push(
        this.trained
          ? { weight, d: make("dweights"), m: make("exp_avg"), v: make("exp_avg_sq"), scales, matrixEnd }
          : { weight, d: weight, m: weight, v: weight, scales, matrixEnd },
      );
    }
    for (const { shape, kept, ...place } of places) {
      const { weight, scales } = this.segments[place.segment]!;
      const { name } = shape;
      const { rows, columns } = sidesOf(shape);
      const { block } = kept;
      this.#places.set(name, {
        ...place,
        tensor: {
          name,
          shape: shape.shape,
          dtype,
          buffer: weight.buffer,
          offsetBytes: bytesOf({ shape: [place.start], dtype }),
          ...(block !== undefined && {
            block,
            scales: {
              name: `scales(${name})`,
              shape: [rows, columns / block],
              dtype: "u32",
              buffer: scales!.buffer,
              offsetBytes: place.scalesStart * 4,
            },
          }),
        },
      });
    }
  }

  /** Number of weights, without padding. */
  get count(): number {
    return this.shapes.reduce((n, p) => n + size(p.shape), 0);
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  get(name: string): Tensor {
    return this.#place(name).tensor;
  }

  /** The gradient of a weight, in its shape. */
  gradient(name: string): Tensor {
    return this.#beside(name, "d");
  }

  /** The weights of a pack, all of it and in its order, as one: their rows one below another. Null where they are no pack, or too large together. */
  packed(names: readonly string[]): Tensor | null {
    const [only] = names;
    if (names.length === 1 && this.has(only!)) return this.get(only!);
    return this.#packs.get(names.join())?.weight ?? null;
  }

  /** Lets a tape train every weight. */
  train(tape: Tape): void {
    for (const { name } of this.shapes) tape.train(this.get(name), this.gradient(name));
    for (const { weight, d } of this.#packs.values()) tape.train(weight, d);
  }

  /** Overwrites one weight. @throws RangeError where the number of values differs. */
  set(name: string, values: Float32Array, part: "weight" | "m" | "v" = "weight"): void {
    const tensor = this.#beside(name, part);
    if (values.length !== size(tensor.shape))
      throw new RangeError(`${name} has ${values.length} values, the model expects ${shapeText(tensor.shape)}`);
    if (part === "weight") this.write(name, values, 0);
    else this.gpu.write(tensor, values);
  }

  /**
   * Overwrites some of a weight's numbers, from `first` on: whole rows where it is kept in few bits.
   * @throws RangeError where they do not fit
   */
  write(name: string, values: Float32Array, first: number): void {
    const { tensor, form } = this.#place(name);
    const { columns } = sidesOf(tensor);
    const packed = pack(values, columns, form, name, first);
    if (tensor.dtype !== form.dtype) this.gpu.write(tensor, unpack(packed, columns, form), first);
    else this.#writeWords(tensor, packed.data, first, packed.scales);
  }

  /** The same with a file's bytes, which are not converted where the weight is kept as the file has it. */
  writeStored(name: string, bytes: Uint8Array, stored: StoredDtype, first: number): void {
    const { tensor, form } = this.#place(name);
    if (tensor.dtype === form.dtype && isStoredAs(form, stored) && bytes.length % 4 === 0) {
      const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
      this.#writeWords(tensor, new Uint32Array(own.buffer as ArrayBuffer, own.byteOffset, own.length / 4), first);
    } else this.write(name, toFloat32(bytes, stored), first);
  }

  /** The same with whole rows in few bits, from `firstRow` on, which stay as they are where the weight is kept so. */
  writeRows(name: string, rows: QuantizedRows, form: QuantizedForm, firstRow: number): void {
    const { tensor, form: kept } = this.#place(name);
    const { columns } = sidesOf(tensor);
    const first = firstRow * columns;
    if (kept.dtype !== form.dtype || kept.block !== form.block)
      this.write(name, dequantizeRows(rows, columns, form), first);
    else if (tensor.dtype !== form.dtype) this.gpu.write(tensor, dequantizeRows(rows, columns, form), first);
    else this.#writeWords(tensor, rows.data, first, rows.scales);
  }

  #writeWords(tensor: Tensor, words: Uint32Array | Float32Array, first: number, scales?: Uint32Array): void {
    this.gpu.write(tensor, words, bytesOf({ shape: [first], dtype: tensor.dtype }) / 4);
    if (scales) this.gpu.write(tensor.scales!, scales, first / tensor.block!);
  }

  /** All weights (or moments) by name, in one read; weights in fewer bits as the numbers that they stand for. */
  async read(part: "weight" | "m" | "v" | "d" = "weight"): Promise<Map<string, Float32Array>> {
    const segments = await Promise.all(
      this.segments.map(async (s) => this.gpu.readUint(...(s.scales ? [s[part], s.scales] : [s[part]]))),
    );
    const result = new Map<string, Float32Array>();
    for (const { name, shape } of this.shapes) {
      const { segment, start, scalesStart, tensor, form } = this.#places.get(name)!;
      const [words, scales] = segments[segment] as [Uint32Array, Uint32Array?];
      const { dtype, block } = tensor;
      const from = bytesOf({ shape: [start], dtype }) / 4;
      const packed = {
        data: words.slice(from, from + bytesOf(tensor) / 4),
        ...(block !== undefined && { scales: scales!.slice(scalesStart, scalesStart + size(shape) / block) }),
      };
      result.set(name, unpack(packed, sidesOf({ shape }).columns, dtype === form.dtype ? form : { dtype: "f32" }));
    }
    return result;
  }

  /** Forgets the optimizer's moments and gradients: the next stage begins afresh. */
  resetOptimizer(): void {
    for (const { d, m, v } of this.segments) for (const tensor of [d, m, v]) this.gpu.clear(tensor);
  }

  free(): void {
    for (const { weight, d, m, v, scales } of this.segments)
      for (const buffer of new Set([weight, d, m, v, ...(scales ? [scales] : [])].map((t) => t.buffer)))
        this.gpu.release(buffer);
  }

  #addPack(unit: readonly ParameterShape[]): void {
    const [{ name, shape: firstShape }] = unit as [ParameterShape];
    const rowsIn = (all: readonly Tensor[]) => all.reduce((rows, { shape }) => rows + shape[0]!, 0);
    if (unit.some((one) => one.shape.slice(1).join() !== firstShape.slice(1).join()))
      throw new TypeError(`${unit.map((one) => one.name).join(", ")} have rows of different lengths, they are no pack`);
    const tensors = unit.map((one) => this.get(one.name));
    const [first] = tensors as [Tensor];
    const joined = (parts: readonly Tensor[]): Tensor => ({
      ...parts[0]!,
      name: `${parts[0]!.name} and ${parts.length - 1} more`,
      shape: [rowsIn(parts), ...parts[0]!.shape.slice(1)],
    });
    const weight = { ...joined(tensors), ...(first.scales && { scales: joined(tensors.map((one) => one.scales!)) }) };
    const { segment } = this.#place(name);
    this.#packs.set(unit.map((one) => one.name).join(), {
      weight,
      d: { ...weight, name: `d(${weight.name})`, buffer: this.segments[segment]!.d.buffer },
    });
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (!place) throw new TypeError(`the model has no weight ${name}`);
    return place;
  }

  #beside(name: string, part: keyof Omit<Segment, "matrixEnd" | "scales">): Tensor {
    const { segment, tensor } = this.#place(name);
    if (part !== "weight" && !this.trained) throw new Error(`${name} is not trained, it has no ${part}`);
    return {
      ...tensor,
      name: part === "weight" ? name : `${part}(${name})`,
      buffer: this.segments[segment]![part].buffer,
    };
  }
}
