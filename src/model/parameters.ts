import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { shapeText, size, type Tensor } from "../gpu/tensor.ts";

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
  /** Matrices stand before this index, vectors after it: weight decay can leave out the vectors. */
  matrixEnd: number;
}

interface Place {
  segment: number;
  start: number;
  tensor: Tensor;
}

/** Tensors and packs start at multiples of 64 numbers, so that each can be bound by itself. */
const alignment = 64;

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

const countOf = (unit: readonly ParameterShape[]): number =>
  Math.ceil(unit.reduce((n, { shape }) => n + size(shape), 0) / alignment) * alignment;

/**
 * All weights of a model, packed into as few buffers as the device's binding limit allows, so that the optimizer is
 * one dispatch and a checkpoint one read.
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
    { trained }: { trained: boolean },
  ) {
    this.trained = trained;
    const limit = Math.floor(gpu.device.limits.maxStorageBufferBindingSize / 4);
    // A pack that is too large to be bound comes apart.
    const units = unitsOf(shapes).flatMap((unit) => (countOf(unit) > limit ? unit.map((shape) => [shape]) : [unit]));
    const places: { shape: ParameterShape; segment: number; start: number }[] = [];
    const lengths: number[] = [0];
    const matrixEnds: number[] = [0];
    for (const unit of units) {
      const count = countOf(unit);
      const [first] = unit as [ParameterShape];
      if (count > limit)
        throw new Error(
          `${first.name} ${shapeText(first.shape)} is larger than this device can bind (${limit} numbers)`,
        );
      if (lengths.at(-1)! + count > limit) {
        lengths.push(0);
        matrixEnds.push(0);
      }
      const segment = lengths.length - 1;
      let start = lengths[segment]!;
      for (const shape of unit) {
        places.push({ shape, segment, start });
        start += size(shape.shape);
      }
      lengths[segment]! += count;
      if (first.shape.length >= 2) matrixEnds[segment] = lengths[segment]!;
    }
    lengths.forEach((length, i) => {
      const make = (name: string) => {
        const tensor = gpu.empty(`${name}.${i}`, [length]);
        gpu.clear(tensor);
        return tensor;
      };
      const weight = make("weights");
      this.segments.push(
        trained
          ? { weight, d: make("dweights"), m: make("exp_avg"), v: make("exp_avg_sq"), matrixEnd: matrixEnds[i]! }
          : { weight, d: weight, m: weight, v: weight, matrixEnd: matrixEnds[i]! },
      );
    });
    for (const { shape, segment, start } of places)
      this.#places.set(shape.name, {
        segment,
        start,
        tensor: {
          name: shape.name,
          shape: shape.shape,
          dtype: "f32",
          buffer: this.segments[segment]!.weight.buffer,
          offsetBytes: start * 4,
        },
      });
    for (const unit of units) if (unit.length > 1) this.#addPack(unit);
  }

  /** Number of weights, without padding. */
  get count(): number {
    return this.shapes.reduce((n, p) => n + size(p.shape), 0);
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  get(name: string): Tensor {
    const place = this.#places.get(name);
    if (!place) throw new TypeError(`the model has no weight ${name}`);
    return place.tensor;
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
    this.gpu.write(tensor, values);
  }

  /** Overwrites some of a weight's numbers, from `first` on. @throws RangeError where they do not fit. */
  write(name: string, values: Float32Array, first: number): void {
    this.gpu.write(this.get(name), values, first);
  }

  /** All weights (or moments) by name, in one read. */
  async read(part: "weight" | "m" | "v" | "d" = "weight"): Promise<Map<string, Float32Array>> {
    const segments = await Promise.all(this.segments.map((s) => this.gpu.read(s[part])));
    const result = new Map<string, Float32Array>();
    for (const { name, shape } of this.shapes) {
      const { segment, start } = this.#places.get(name)!;
      result.set(name, segments[segment]!.slice(start, start + size(shape)));
    }
    return result;
  }

  /** Forgets the optimizer's moments and gradients: the next stage begins afresh. */
  resetOptimizer(): void {
    for (const { d, m, v } of this.segments) for (const tensor of [d, m, v]) this.gpu.clear(tensor);
  }

  free(): void {
    for (const { weight, d, m, v } of this.segments)
      for (const buffer of new Set([weight, d, m, v].map((t) => t.buffer))) this.gpu.release(buffer);
  }

  #addPack(unit: readonly ParameterShape[]): void {
    const [{ name, shape: firstShape }] = unit as [ParameterShape];
    const shape = [unit.reduce((rows, one) => rows + one.shape[0]!, 0), ...firstShape.slice(1)];
    if (unit.some((one) => one.shape.slice(1).join() !== firstShape.slice(1).join()))
      throw new TypeError(`${unit.map((one) => one.name).join(", ")} have rows of different lengths, they are no pack`);
    const { segment, tensor } = this.#places.get(name)!;
    const weight = { ...tensor, name: `${name} and ${unit.length - 1} more`, shape };
    this.#packs.set(unit.map((one) => one.name).join(), {
      weight,
      d: { ...weight, name: `d(${weight.name})`, buffer: this.segments[segment]!.d.buffer },
    });
  }

  #beside(name: string, part: keyof Omit<Segment, "matrixEnd">): Tensor {
    const { segment, tensor } = this.#places.get(name) ?? { segment: -1, tensor: null };
    if (!tensor) throw new TypeError(`the model has no weight ${name}`);
    if (part !== "weight" && !this.trained) throw new Error(`${name} is not trained, it has no ${part}`);
    return {
      ...tensor,
      name: part === "weight" ? name : `${part}(${name})`,
      buffer: this.segments[segment]![part].buffer,
    };
  }
}
