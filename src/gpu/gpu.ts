import { bufferOf } from "./activation.ts";
import { ActivationArena } from "./activation_arena.ts";
import { BufferPool, bufferUsage, granuleBytes } from "./buffer_pool.ts";
import { type MatrixUnits, matrixFeatures, matrixUnitsOf } from "./matrix_units.ts";
import type { Plan } from "./plan.ts";
import type { Shader } from "./shader.ts";
import { sizeText } from "./size_text.ts";
import { bytesOf, type Dtype, size, type Tensor } from "./tensor.ts";

/** What went wrong on the device: kept until the next read, then thrown. */
export class GpuError extends Error {
  override name = "GpuError";

  /** @param kind  "refused": the same command would be refused again; the others say nothing of the command */
  constructor(
    message: string,
    readonly kind: "refused" | "memory" | "lost" | "other" = "other",
  ) {
    super(message);
  }
}

/** GPUMapMode.READ */
const mapRead = 1;

/** A command that failed may be the first sign of a lost device; the browser says so within this time. */
const lostToldMs = 1000;

/** What offers matrix units to a page; on the command line Dawn is asked for them. */
const matrixRemedy =
  "run on the command line with Dawn (SACCADE_GPU=dawn), or in a Chrome started with --enable-unsafe-webgpu (on NVIDIA cards --enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia too)";

/** The device with its compiled kernels, buffer pool and pending error. One per worker. */
export class Gpu {
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly pool: BufferPool;
  readonly #staging: GPUBuffer[] = [];
  readonly activations = new ActivationArena(this);
  #error: GpuError | null = null;
  #closed = false;
  /** The device is gone, and everything on it. */
  lost = false;
  /** Told of every plan before it runs: for whoever counts. */
  watch: ((plan: Plan) => void) | null = null;
  /** Nothing is computed here, memory is only counted. */
  counts = false;
  /** Reads so far: the host waits for each. */
  reads = 0;

  constructor(
    readonly device: GPUDevice,
    readonly adapterName: string,
    readonly software: boolean,
    /** Ops leave out their fast ways, which ask for sizes that suit them, so that both can be compared. */
    readonly plain: boolean,
    /** The most that a kernel sees of a buffer; larger weights are taken in ranges of rows. */
    readonly maxBindingBytes: number,
    /** Where they were asked for. Which products use them is chosen apart from that (ops/product_matrix.ts). */
    readonly matrixUnits: MatrixUnits | null = null,
  ) {
    this.pool = new BufferPool(device);
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const held = `${(this.pool.allocatedBytes / 2 ** 30).toFixed(1)} GiB`;
      this.#error ??=
        error.constructor.name === "GPUOutOfMemoryError"
          ? new GpuError(
              `The GPU has no memory for ${held} of buffers (${error.message.trim()}); take fewer tasks at once (tasksPerRoll) or rollouts, smaller pictures (maxPixels), or an adapter (loraRank)`,
              "memory",
            )
          : new GpuError(`The GPU refused a command: ${error.message}`, "refused");
    });
    device.lost.then((lost) => {
      this.#lose(lost.message || lost.reason);
    });
  }

  /**
   * @param maxBindingBytes  less than the device's own limit, where a test wants what a small device does
   * @param matrixUnits      whether the device's matrix units are wanted
   * @throws GpuError with cause and remedy where there is no WebGPU or no adapter, or no matrix units where they are wanted
   */
  static async open(
    gpu: GPU | undefined | null,
    { plain = false, maxBindingBytes = Number.POSITIVE_INFINITY, matrixUnits = false } = {},
  ): Promise<Gpu> {
    if (!gpu) throw new GpuError("There is no WebGPU here");
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter)
      throw new GpuError(
        "WebGPU found no graphics adapter; update the graphics driver, or in Chrome on Linux enable chrome://flags/#enable-unsafe-webgpu",
      );
    const { limits } = adapter;
    const units = matrixUnits ? matrixUnitsOf(adapter) : null;
    if (typeof units === "string")
      throw new GpuError(
        `The matrix units that matrixUnits asks for are not offered by this adapter: ${units}; leave matrixUnits off, or ${matrixRemedy}`,
      );
    const features = [
      ...(adapter.features.has("timestamp-query") ? ["timestamp-query"] : []),
      ...(units ? matrixFeatures : []),
    ];
    const device = await adapter.requestDevice({
      // Chrome's own names are not in the types.
      requiredFeatures: features as GPUFeatureName[],
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage: Math.min(limits.maxStorageBuffersPerShaderStage, 10),
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      },
    });
    const { vendor, architecture, device: model, description } = adapter.info;
    const name = description || [vendor, architecture, model].filter(Boolean).join(" ") || "unnamed adapter";
    const software = /swiftshader|llvmpipe|lavapipe|software/i.test(`${name} ${vendor} ${architecture}`);
    return new Gpu(
      device,
      software ? `${name} (software)` : name,
      software,
      plain,
      Math.min(maxBindingBytes, device.limits.maxStorageBufferBindingSize),
      units,
    );
  }

  get canTime(): boolean {
    return this.device.features.has("timestamp-query");
  }

  /** A tensor with unspecified content. */
  empty(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    return { name, shape, dtype, buffer: this.allocate(bytesOf({ shape, dtype }), name), offsetBytes: 0 };
  }

  /** A tensor of f32 whose values are many to compute: where memory is only counted, they are not asked for. */
  uploadMade(name: string, make: () => Float32Array, shape: readonly number[]): Tensor {
    return this.counts ? this.empty(name, shape) : this.upload(name, make(), shape);
  }

  /** A tensor with these values; the typed array says the dtype. */
  upload(name: string, values: Float32Array | Uint32Array | Int32Array, shape: readonly number[]): Tensor {
    if (values.length !== size(shape))
      throw new RangeError(`${name} has ${values.length} values, expected ${size(shape)} for (${shape.join(", ")})`);
    const dtype = values instanceof Float32Array ? "f32" : values instanceof Uint32Array ? "u32" : "i32";
    const tensor = this.empty(name, shape, dtype);
    this.write(tensor, values);
    return tensor;
  }

  /** Overwrites a tensor, or its words of four bytes from `start` on, before the next submit. */
  write(tensor: Tensor, values: Float32Array | Uint32Array | Int32Array, start = 0): void {
    const words = bytesOf(tensor) / 4;
    if (start + values.length > words)
      throw new RangeError(`${tensor.name} holds ${words} values, ${values.length} at ${start} do not fit`);
    this.device.queue.writeBuffer(
      bufferOf(tensor),
      tensor.offsetBytes + start * 4,
      values.buffer as ArrayBuffer,
      values.byteOffset,
      values.byteLength,
    );
  }

  /** Sets a tensor to zero before the next submit. */
  clear(tensor: Tensor): void {
    const encoder = this.device.createCommandEncoder({ label: `clear ${tensor.name}` });
    encoder.clearBuffer(bufferOf(tensor), tensor.offsetBytes, bytesOf(tensor));
    this.device.queue.submit([encoder.finish()]);
  }

  /** The only wait. All tensors in one round trip; throws what the device had to say since the last read. */
  async read(tensor: Tensor): Promise<Float32Array>;
  async read(...tensors: Tensor[]): Promise<Float32Array[]>;
  async read(...tensors: Tensor[]): Promise<Float32Array | Float32Array[]> {
    const bytes = await this.#readBytes(tensors);
    const arrays = bytes.map((b) => new Float32Array(b));
    return tensors.length === 1 ? arrays[0]! : arrays;
  }

  /** The same as words, whatever stands in them. */
  async readUint(...tensors: Tensor[]): Promise<Uint32Array[]> {
    return (await this.#readBytes(tensors)).map((b) => new Uint32Array(b));
  }

  async #readBytes(tensors: Tensor[]): Promise<ArrayBuffer[]> {
    this.check();
    this.reads++;
    const buffers = tensors.map(bufferOf);
    const sizesBytes = tensors.map(bytesOf);
    const totalBytes = sizesBytes.reduce((a, b) => a + b, 0);
    const staging = this.#takeStaging(totalBytes);
    let result: ArrayBuffer[];
    try {
      const encoder = this.device.createCommandEncoder({ label: "read" });
      let at = 0;
      tensors.forEach((t, i) => {
        encoder.copyBufferToBuffer(buffers[i]!, t.offsetBytes, staging, at, sizesBytes[i]!);
        at += sizesBytes[i]!;
      });
      this.device.queue.submit([encoder.finish()]);
      await staging.mapAsync(mapRead, 0, totalBytes);
      const mapped = staging.getMappedRange(0, totalBytes);
      at = 0;
      result = sizesBytes.map((bytes) => {
        at += bytes;
        return mapped.slice(at - bytes, at);
      });
      staging.unmap();
      this.#staging.push(staging);
    } catch (error) {
      // That the device was lost may be told after a command failed because of it.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, lostToldMs))]);
      this.check();
      // Nobody here gives up a mapping: the device did, and a busy one says so only once its work is over.
      if ((error as Error).name === "AbortError") this.#lose((error as Error).message);
      this.check();
      throw new GpuError(`Reading ${tensors.map((t) => t.name).join(", ")} failed: ${(error as Error).message}`);
    }
    this.check();
    return result;
  }

  /** Throws the pending error, once. A lost device stays lost. */
  check(): void {
    if (!this.#error) return;
    const error = this.#error;
    if (error.kind !== "lost") this.#error = null;
    throw error;
  }

  pipeline(
    shader: Shader,
    entry: string,
    constants: Readonly<Record<string, number>>,
    sizes: Readonly<Record<string, number>>,
  ): GPUComputePipeline {
    const moduleKey = `${shader.name} ${JSON.stringify(sizes)}`;
    const key = `${moduleKey} ${entry} ${JSON.stringify(constants)}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      let module = this.#modules.get(moduleKey);
      if (!module) {
        module = this.device.createShaderModule({ label: `${shader.name}.wgsl`, code: shader.text(sizes) });
        this.#modules.set(moduleKey, module);
      }
      pipeline = this.device.createComputePipeline({
        label: `${shader.name}.${entry}`,
        layout: "auto",
        compute: { module, entryPoint: entry, constants },
      });
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** A buffer from the pool; give it back with `release`. @throws GpuError where no buffer may be so large */
  allocate(bytes: number, label: string): GPUBuffer {
    if (bytes > this.device.limits.maxBufferSize)
      throw new GpuError(
        `${label} needs ${sizeText(bytes)}, this device allows ${sizeText(this.device.limits.maxBufferSize, Math.floor)} in a buffer; take fewer tasks at once (tasksPerRoll), fewer rollouts of a task (rolloutsPerTask) or smaller pictures (maxPixels)`,
      );
    return this.pool.allocate(bytes, label);
  }

  release(buffer: GPUBuffer): void {
    this.pool.release(buffer);
  }

  /** Ends the device. Nothing of it may be used afterwards. */
  close(): void {
    this.#closed = true;
    this.device.destroy();
  }

  #lose(reason: string): void {
    if (this.lost) return;
    this.lost = true;
    if (!this.#closed)
      this.#error = new GpuError(
        `The GPU device was lost (${reason.replace(/[.\s]+$/, "")}); go on from what was saved last`,
        "lost",
      );
  }

  #takeStaging(bytes: number): GPUBuffer {
    const index = this.#staging.findIndex((b) => b.size >= bytes && b.size <= Math.max(65536, bytes * 4));
    if (index >= 0) return this.#staging.splice(index, 1)[0]!;
    return this.device.createBuffer({
      label: "read",
      size: Math.ceil(bytes / granuleBytes) * granuleBytes,
      usage: bufferUsage.mapRead | bufferUsage.copyTarget,
    });
  }
}
