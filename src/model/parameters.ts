import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { bytesOf, shapeText, size, type Tensor } from "../gpu/tensor.ts";
import { dismissFromMatrixUnits } from "../ops/matrix_admission.ts";
import { toFloat32 } from "./float_bytes.ts";
import { layOut, type PlaceInSegment } from "./parameter_layout.ts";
import { dequantizeRows } from "./quantize/dequantize_rows.ts";
import type { QuantizedForm, QuantizedRows } from "./quantize/form.ts";
import type { Dtype as StoredDtype } from "./safetensors.ts";
import { allocateSegment, roundedTensor, type Segment, type SegmentPart, storedTensor } from "./segments.ts";
import { isStoredAs, type PackedRows, pack, sidesOf, unpack, type WeightForm } from "./weight_form.ts";

/** A weight's Hugging Face name and shape. */
export interface ParameterShape {
  name: string;
  shape: number[];
  /** Weights of one pack follow each other without gaps, and can be read as one: see `Parameters.packed`. */
  pack?: string;
  /** Packs of one such name are split into their weights together: a bias cannot be bound inside a pack. */
  layers?: string;
}

interface Place extends PlaceInSegment {
  /** Whether it has a gradient and moments. */
  trained: boolean;
  /** What the numbers are rounded to that ops read. */
  form: WeightForm;
  /** What the segment stores. */
  stored: WeightForm;
  /** What ops read. */
  tensor: Tensor;
}

const f32: WeightForm = { dtype: "f32" };

export interface ParametersOptions {
  trained: boolean;
  /** Which weights stay as they are though others are trained; none unless given. */
  isFrozen?: (parameter: ParameterShape) => boolean;
  /** What each weight is stored in that is not trained; f32 unless given. */
  formOf?: (parameter: ParameterShape) => WeightForm;
  /** Of which weights, where they are trained, ops read the nearest bf16; of none unless given. */
  isRounded?: (parameter: ParameterShape) => boolean;
}

/**
 * All weights of a model, packed into as few buffers as the device's binding limit allows, so that the optimizer is
 * one dispatch and a checkpoint one read. What is trained is f32, and ops may read it as the nearest bf16. Other weights
 * may be quantized. A device whose ops have no fast kernels stores the numbers that they represent in f32.
 */
export class Parameters {
  readonly segments: readonly Segment[];
  /** Those of them with gradients and moments. */
  readonly trainedSegments: readonly Segment[];
  /** The weights in those. */
  readonly trainedShapes: readonly ParameterShape[];
  readonly #places = new Map<string, Place>();
  /** By the names in them: a view over all their weights, and one over the gradients. */
  readonly #packs = new Map<string, { weight: Tensor; d: Tensor; trained: boolean }>();
  /** Set while weights are trained, all of them unless some are frozen: gradients and moments exist. */
  readonly trained: boolean;

  constructor(
    readonly gpu: Gpu,
    readonly shapes: readonly ParameterShape[],
    { trained, isFrozen = () => false, formOf = () => f32, isRounded = () => false }: ParametersOptions,
  ) {
    this.trained = trained;
    this.trainedShapes = trained ? shapes.filter((shape) => !isFrozen(shape)) : [];
    const ofTrained = new Set(this.trainedShapes);
    const rounded = new Set(this.trainedShapes.filter(isRounded));
    const formRead = (shape: ParameterShape): WeightForm =>
      ofTrained.has(shape) ? (rounded.has(shape) ? { dtype: "bf16" } : f32) : formOf(shape);
    const formStored = (shape: ParameterShape) => (ofTrained.has(shape) || gpu.plain ? f32 : formRead(shape));
    const segments: Segment[] = [];
    const packs: (readonly ParameterShape[])[] = [];
    const add = (some: readonly ParameterShape[], options: { trained: boolean; isRounded: boolean }) => {
      const copied: ReadonlySet<ParameterShape> = options.isRounded ? rounded : new Set();
      const layout = layOut(some, formStored, gpu.maxBindingBytes, { mayExceed: !options.trained, copied });
      const first = segments.length;
      for (const sizes of layout.segments) segments.push(allocateSegment(gpu, segments.length, sizes, options));
      for (const [shape, place] of layout.places) {
        const at = { ...place, segment: first + place.segment };
        const [form, stored] = [formRead(shape), formStored(shape)];
        const segment = segments[at.segment]!;
        const tensor = rounded.has(shape)
          ? roundedTensor(segment, shape, at)
          : storedTensor(segment, shape, at, stored);
        this.#places.set(shape.name, { ...at, trained: options.trained, form, stored, tensor });
      }
      packs.push(...layout.packs);
    };
    if (ofTrained.size > 0) add(this.trainedShapes, { trained: true, isRounded: rounded.size > 0 });
    this.trainedSegments = [...segments];
    if (ofTrained.size < shapes.length)
      add(
        shapes.filter((shape) => !ofTrained.has(shape)),
        { trained: false, isRounded: false },
      );
    this.segments = segments;
    for (const unit of packs) this.#addPack(unit);
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

  /** The weights of a whole pack, in its order, as one: their rows one below another. Null where they are not a pack, or too large together. */
  packed(names: readonly string[]): Tensor | null {
    const [only] = names;
    if (only !== undefined && names.length === 1 && this.has(only)) return this.get(only);
    return this.#packs.get(names.join())?.weight ?? null;
  }

  /** Lets a tape train every weight that is not frozen. */
  train(tape: Tape): void {
    for (const { name } of this.trainedShapes) tape.train(this.get(name), this.gradient(name));
    for (const { weight, d, trained } of this.#packs.values()) if (trained) tape.train(weight, d);
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
   * Overwrites some of a weight's numbers, from `first` on: whole rows where it is quantized.
   * @throws RangeError where they do not fit
   */
  write(name: string, values: Float32Array, first: number): void {
    const { tensor, form, stored, trained } = this.#place(name);
    if (trained) this.gpu.write(this.#beside(name, "weight"), values, first);
    if (!trained || form.dtype !== stored.dtype)
      this.#put(name, pack(values, sidesOf(tensor).columns, form, { name, first }), first);
  }

  /** The same with a file's bytes, which are not converted where the weight is stored as the file has it. */
  writeStored(name: string, bytes: Uint8Array, stored: StoredDtype, first: number): void {
    const { form, trained } = this.#place(name);
    if (trained || !isStoredAs(form, stored) || bytes.length % 4 !== 0) {
      this.write(name, toFloat32(bytes, stored), first);
      return;
    }
    const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    this.#put(name, { data: new Uint32Array(own.buffer as ArrayBuffer, own.byteOffset, own.length / 4) }, first);
  }

  /** The same with quantized rows, from `firstRow` on, which stay as they are where the weight is stored so. */
  writeRows(name: string, rows: QuantizedRows, form: QuantizedForm, firstRow: number): void {
    const { tensor, form: own } = this.#place(name);
    const { columns } = sidesOf(tensor);
    const first = firstRow * columns;
    if (own.dtype === form.dtype && own.block === form.block) this.#put(name, rows, first);
    else this.write(name, dequantizeRows(rows, columns, form), first);
  }

  /** Numbers in a weight's form into what ops read. */
  #put(name: string, packed: PackedRows, first: number): void {
    const { tensor, form } = this.#place(name);
    if (tensor.dtype !== form.dtype) {
      this.gpu.write(tensor, unpack(packed, sidesOf(tensor).columns, form), first);
      return;
    }
    this.gpu.write(tensor, packed.data, bytesOf({ shape: [first], dtype: form.dtype }) / 4);
    if (packed.scales && tensor.scales && form.block !== undefined)
      this.gpu.write(tensor.scales, packed.scales, first / form.block);
  }

  /**
   * All weights by name, or the moments or gradients of those that are trained, in one read; quantized weights as the numbers that
   * they represent. f32 are views of what was read, not copies of it.
   */
  async read(part: SegmentPart = "weight"): Promise<Map<string, Float32Array>> {
    const wanted = part === "weight" ? this.segments : this.trainedSegments;
    const segments = await Promise.all(
      wanted.map((s) => this.gpu.readUint(...(s.scales ? [s[part], s.scales] : [s[part]]))),
    );
    const result = new Map<string, Float32Array>();
    for (const { name, shape } of part === "weight" ? this.shapes : this.trainedShapes) {
      const { segment, start, scalesStart, stored } = this.#place(name);
      const [words, scales] = segments[segment] as [Uint32Array, Uint32Array?];
      const { dtype, block } = stored;
      const from = bytesOf({ shape: [start], dtype }) / 4;
      const packed: PackedRows = { data: words.subarray(from, from + bytesOf({ shape, dtype }) / 4) };
      if (block !== undefined) packed.scales = scales?.slice(scalesStart, scalesStart + size(shape) / block);
      result.set(name, unpack(packed, sidesOf({ shape }).columns, stored));
    }
    return result;
  }

  /** Rows [first, end) of one weight as the numbers that ops read, so that no large weight need be in memory as a whole. */
  async readRows(name: string, first: number, end: number): Promise<Float32Array> {
    const { tensor } = this.#place(name);
    const { rows, columns } = sidesOf(tensor);
    if (!(first >= 0 && first < end && end <= rows))
      throw new RangeError(`${name} has ${rows} rows, none from ${first} to ${end}`);
    const { dtype, block, scales } = tensor;
    const part = (of: Tensor, width: number): Tensor => ({
      ...of,
      shape: [end - first, width],
      offsetBytes: (of.offsetBytes ?? 0) + bytesOf({ shape: [first, width], dtype: of.dtype }),
    });
    const wanted = [part(tensor, columns), ...(scales && block ? [part(scales, columns / block)] : [])];
    const [data, found] = (await this.gpu.readUint(...wanted)) as [Uint32Array, Uint32Array?];
    return unpack({ data, scales: found }, columns, { dtype, block } as WeightForm);
  }

  /** Clears the optimizer's moments and the gradients: the next stage begins afresh. */
  resetOptimizer(): void {
    for (const { d, m, v } of this.trainedSegments) for (const tensor of [d, m, v]) this.gpu.clear(tensor);
  }

  free(): void {
    for (const { matrixEnd: _, ...tensors } of this.segments)
      for (const buffer of new Set(Object.values(tensors).flatMap((t) => t?.buffer ?? []))) {
        dismissFromMatrixUnits(buffer);
        this.gpu.release(buffer);
      }
  }

  #addPack(unit: readonly ParameterShape[]): void {
    const [first] = unit;
    if (!first) return;
    const [, ...rest] = first.shape;
    if (unit.some((one) => one.shape.slice(1).join() !== rest.join()))
      throw new TypeError(
        `${unit.map((one) => one.name).join(", ")} have rows of different lengths, they are not a pack`,
      );
    const whole = {
      name: `${first.name} and ${unit.length - 1} more`,
      shape: [unit.reduce((rows, one) => rows + sidesOf(one).rows, 0), ...rest],
    };
    const place = this.#place(first.name);
    const segment = this.#segment(place);
    const isRounded = place.trained && place.form.dtype !== "f32";
    const d = storedTensor(segment, { ...whole, name: `d(${whole.name})` }, place, f32);
    this.#packs.set(unit.map((one) => one.name).join(), {
      weight: isRounded ? roundedTensor(segment, whole, place) : storedTensor(segment, whole, place, place.stored),
      d: { ...d, buffer: segment.d.buffer },
      trained: place.trained,
    });
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (!place) throw new TypeError(`the model has no weight ${name}`);
    return place;
  }

  #segment({ segment: index }: PlaceInSegment): Segment {
    const segment = this.segments[index];
    if (!segment)
      throw new RangeError(`there are ${this.segments.length} segments of weights, none has index ${index}`);
    return segment;
  }

  /** A weight's place in one of a segment's buffers. */
  #beside(name: string, part: SegmentPart): Tensor {
    const place = this.#place(name);
    if (part !== "weight" && !place.trained) throw new Error(`${name} is not trained, it has no ${part}`);
    const segment = this.#segment(place);
    const label = part === "weight" ? name : `${part}(${name})`;
    const tensor = storedTensor(segment, { name: label, shape: [...place.tensor.shape] }, place, place.stored);
    return { ...tensor, buffer: segment[part].buffer };
  }
}
