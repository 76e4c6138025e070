import type { BaseDtype } from "./base_dtype.ts";
import type { CheckpointFiles } from "./checkpoint_files.ts";
import type { ModelConfig } from "./config.ts";
import { modelShapes } from "./families/table.ts";
import { isQuantized, type OpenedFolder, openModel } from "./load.ts";
import { adaptedModules, type LoraConfig } from "./lora_config.ts";
import type { ParameterShape } from "./parameters.ts";
import { dequantizeRows } from "./quantize/dequantize_rows.ts";
import { isStoredAs, pack, sidesOf, unpack } from "./weight_form.ts";

/** Numbers by the name of their weight. */
interface NamedNumbers {
  name: string;
  shape: readonly number[];
  values: Float32Array;
}

export interface FolderWeightsOptions {
  /** What a model stores its weights in where they are not trained: the numbers are rounded to it. */
  baseDtype: BaseDtype;
  /** Weights in the place of the folder's: those that a run trained, all of them. */
  trained?: readonly NamedNumbers[];
  /** An adapter, whose products are added (PEFT's merge). */
  adapter?: { config: LoraConfig; weights: readonly NamedNumbers[] };
  notice?(sentence: string): void;
}

/** Two matrices whose product is added to a weight: down (R, I) and up (O, R). */
interface Added {
  down: Float32Array;
  up: Float32Array;
  scaling: number;
}

/** The numbers that a model of a folder computes with, read as they are asked for, a few rows at a time. Needs no GPU. */
export class FolderWeights {
  readonly config: ModelConfig;
  readonly shapes: readonly ParameterShape[];
  readonly #folder: OpenedFolder;
  readonly #byName: ReadonlyMap<string, ParameterShape>;
  readonly #trained: ReadonlyMap<string, Float32Array> | null;
  readonly #added: ReadonlyMap<string, Added>;
  /** Rows of the quantized weight that was read last, which is read from its beginning to its end. */
  #open: { name: string; rows: AsyncGenerator<Float32Array>; at: number; left: Float32Array } | null = null;

  /** @throws Error as loadModel does, or where trained weights or an adapter are those of another model */
  static async open(files: CheckpointFiles, options: FolderWeightsOptions): Promise<FolderWeights> {
    return new FolderWeights(await openModel(files, options.baseDtype, options.notice), options);
  }

  private constructor(folder: OpenedFolder, { trained, adapter }: FolderWeightsOptions) {
    this.#folder = folder;
    this.config = folder.config;
    this.shapes = modelShapes(folder.config);
    this.#byName = new Map(this.shapes.map((shape) => [shape.name, shape]));
    this.#trained = trained ? this.#fitting(trained) : null;
    this.#added = new Map(adapter ? productsOf(adapter, this.shapes) : []);
  }

  /** Rows and columns of a weight as a matrix; a vector has one column. */
  sides(name: string): { rows: number; columns: number } {
    return sidesOf(this.#shape(name));
  }

  /** Rows [first, end) of a weight. */
  async rows(name: string, first: number, end: number): Promise<Float32Array> {
    const shape = this.#shape(name);
    const { columns } = sidesOf(shape);
    const values = await this.#own(shape, first, end);
    const added = this.#added.get(name);
    if (added) addProduct(values, added, { first, columns });
    return values;
  }

  async #own(shape: ParameterShape, first: number, end: number): Promise<Float32Array> {
    const { name } = shape;
    const { columns } = sidesOf(shape);
    const trained = this.#trained?.get(name);
    if (trained) return this.#rounded(shape, trained.slice(first * columns, end * columns), first);
    const source = this.#folder.sources.get(name)!;
    if (isQuantized(source)) {
      const rows = await this.#quantizedRows(shape, first, end);
      const form = this.#folder.formOf(shape);
      const isKept = form.dtype === source.form.dtype && form.block === source.form.block;
      return isKept ? rows : this.#rounded(shape, rows, first);
    }
    const values = await source.numbers(first * columns, end * columns);
    return isStoredAs(this.#folder.formOf(shape), source.dtype) ? values : this.#rounded(shape, values, first);
  }

  /** As a model stores them. */
  #rounded(shape: ParameterShape, values: Float32Array, firstRow: number): Float32Array {
    const form = this.#folder.formOf(shape);
    const { columns } = sidesOf(shape);
    if (form.dtype === "f32") return values;
    return unpack(pack(values, columns, form, { name: shape.name, first: firstRow * columns }), columns, form);
  }

  /** Rows in order; who asks for earlier ones begins anew. */
  async #quantizedRows({ name, shape }: ParameterShape, first: number, end: number): Promise<Float32Array> {
    const { columns } = sidesOf({ shape });
    if (this.#open?.name !== name || this.#open.at > first)
      this.#open = { name, rows: this.#partsOf(name), at: 0, left: new Float32Array() };
    const open = this.#open;
    const wanted = new Float32Array((end - first) * columns);
    for (let filled = 0; filled < wanted.length; ) {
      if (open.left.length === 0) {
        const next = await open.rows.next();
        if (next.done) throw new RangeError(`${name} has fewer rows than ${end}`);
        open.left = next.value;
      }
      const skipped = Math.min(open.left.length, Math.max(0, (first - open.at) * columns));
      const taken = Math.min(open.left.length - skipped, wanted.length - filled);
      wanted.set(open.left.subarray(skipped, skipped + taken), filled);
      open.left = open.left.subarray(skipped + taken);
      open.at += (skipped + taken) / columns;
      filled += taken;
    }
    return wanted;
  }

  async *#partsOf(name: string): AsyncGenerator<Float32Array> {
    const source = this.#folder.sources.get(name);
    if (!source || !isQuantized(source)) throw new TypeError(`${name} is not quantized`);
    for await (const { firstRow: _, ...rows } of source.parts())
      yield dequantizeRows(rows, source.shape[1], source.form);
  }

  #shape(name: string): ParameterShape {
    const shape = this.#byName.get(name);
    if (!shape) throw new TypeError(`the model has no weight ${name}`);
    return shape;
  }

  #fitting(trained: readonly NamedNumbers[]): ReadonlyMap<string, Float32Array> {
    const values = new Map(trained.map((one) => [one.name, one]));
    for (const { name, shape } of this.shapes) {
      const found = values.get(name);
      if (found?.shape.join() !== shape.join())
        throw new Error(
          `The checkpoint has ${found ? `${name} of shape (${found.shape.join(", ")})` : `no ${name}`}, the model's is (${shape.join(", ")}); it belongs to another model`,
        );
    }
    return new Map(trained.map(({ name, values: numbers }) => [name, numbers]));
  }
}

function* productsOf(
  { config, weights }: NonNullable<FolderWeightsOptions["adapter"]>,
  shapes: readonly ParameterShape[],
): Generator<[string, Added]> {
  const named = new Map(weights.map((one) => [one.name, one]));
  for (const { module, O, I, rank, scaling } of adaptedModules(config, shapes)) {
    const matrix = (part: "A" | "B", shape: readonly number[]): Float32Array => {
      const found = named.get(`${module}.lora_${part}.weight`);
      if (found?.shape.join() !== shape.join())
        throw new Error(
          `The adapter has ${found ? `${found.name} of shape (${found.shape.join(", ")})` : `no ${module}.lora_${part}.weight`}, its configuration and the model make it (${shape.join(", ")})`,
        );
      return found.values;
    };
    yield [`${module}.weight`, { down: matrix("A", [rank, I]), up: matrix("B", [O, rank]), scaling }];
  }
}

/** values += scaling · up[first...] · down, four ranks at a time. */
function addProduct(
  values: Float32Array,
  { down, up, scaling }: Added,
  { first, columns: I }: { first: number; columns: number },
): void {
  const R = down.length / I;
  for (let row = 0; row * I < values.length; row++) {
    const out = values.subarray(row * I, (row + 1) * I);
    for (let r = 0; r < R; r += 4) {
      const factor = (k: number) => (r + k < R ? (up[(first + row) * R + r + k] ?? 0) * scaling : 0);
      const [f0, f1, f2, f3] = [factor(0), factor(1), factor(2), factor(3)];
      const line = (k: number) => Math.min(r + k, R - 1) * I;
      const [d0, d1, d2, d3] = [line(0), line(1), line(2), line(3)];
      for (let i = 0; i < I; i++)
        out[i] = out[i]! + f0 * down[d0 + i]! + f1 * down[d1 + i]! + f2 * down[d2 + i]! + f3 * down[d3 + i]!;
    }
  }
}
