import { waiting } from "../timeline.ts";
import { bufferOf } from "./activation.ts";
import { ActivationArena } from "./activation_arena.ts";
import { BufferPool } from "./buffer_pool.ts";
import { type MatrixUnits, matrixFeatures, matrixUnitsOf } from "./matrix_units.ts";
import { PassClock } from "./pass_clock.ts";
import { Pipelines } from "./pipelines.ts";
import type { Plan } from "./plan.ts";
import { Readback } from "./readback.ts";
import { sizeText } from "./size_text.ts";
import { bytesOf, type Dtype, size, type Tensor } from "./tensor.ts";

/** An error of the device: stored until the next read, then thrown. */
export class GpuError extends Error {
  override name = "GpuError";

  /** @param kind  "refused": the same command would be refused again; the other kinds do not depend on the command */
  constructor(
    message: string,
    readonly kind: "refused" | "memory" | "lost" | "other" = "other",
  ) {
    super(message);
  }
}

/** A command may fail because the device was lost; the browser reports the loss within this time. */
const lostReportedMs = 1000;

/** How to get matrix units where they are not offered. */
const matrixRemedy =
  "run on the command line with Dawn (SACCADE_GPU=dawn), or in a Chrome started with --enable-unsafe-webgpu (on NVIDIA cards --enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia too)";

/** A device and how kernels are chosen for it. */
export interface GpuOptions {
  device: GPUDevice;
  adapterName: string;
  /** Whether the adapter computes on the CPU. */
  software: boolean;
  /** Whether ops use their simplest kernels, without vec4 loads and tiles, to compare the others with. */
  plain: boolean;
  /** Most bytes of a buffer that a kernel can bind; larger weights are bound in ranges of rows. */
  maxBindingBytes: number;
  /** Null where they were not requested. Which products use them is decided in ops/matrix_admission.ts. */
  matrixUnits: MatrixUnits | null;
  /** Nothing is computed on the device, memory is only counted. */
  counts?: boolean;
  /**
   * Whether loops marked for it are unrolled, by default they are. A software adapter compiles large kernels many times faster
   * without, and runs them slower, with the same results.
   */
  unrolled?: boolean;
  /**
   * Whether kernels without workgroup memory and barriers are used where there are some, with the same results; by default on
   * software adapters, some of which execute a workgroup as coroutines that change places at every barrier.
   */
  unshared?: boolean;
}

/** A device with its compiled kernels, buffer pool and pending error. One per worker. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapterName: string;
  readonly software: boolean;
  readonly plain: boolean;
  readonly maxBindingBytes: number;
  readonly matrixUnits: MatrixUnits | null;
  readonly counts: boolean;
  readonly unshared: boolean;
  /** Of the device, read once: with Dawn each look at them makes new objects. */
  readonly queue: GPUQueue;
  readonly canTime: boolean;
  readonly maxBufferBytes: number;
  readonly pool: BufferPool;
  readonly pipelines: Pipelines;
  readonly activations = new ActivationArena(this);
  readonly passClock = new PassClock(this);
  readonly #readback: Readback;
  #error: GpuError | null = null;
  #closed = false;
  /** Whether the device is lost, with everything on it. */
  lost = false;
  /** Plans that ran since `encodeAhead`, in order. */
  readonly #ran = new Set<Plan>();
  /** Called with every plan before it runs; for counting. */
  beforeRun: ((plan: Plan) => void) | null = null;
  /** Reads so far: the host waits for each; and their bytes. */
  reads = 0;
  readBytes = 0;

  constructor(options: GpuOptions) {
    this.device = options.device;
    this.adapterName = options.adapterName;
    this.software = options.software;
    this.plain = options.plain;
    this.maxBindingBytes = options.maxBindingBytes;
    this.matrixUnits = options.matrixUnits;
    this.counts = options.counts ?? false;
    this.unshared = options.unshared ?? options.software;
    this.queue = this.device.queue;
    this.canTime = this.device.features.has("timestamp-query");
    this.maxBufferBytes = this.device.limits.maxBufferSize;
    this.pool = new BufferPool(this.device);
    this.pipelines = new Pipelines(this.device, options.unrolled ?? true);
    this.#readback = new Readback(this.device);
    this.device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const allocated = `${(this.pool.allocatedBytes / 2 ** 30).toFixed(1)} GiB`;
      this.#error ??=
        error.constructor.name === "GPUOutOfMemoryError"
          ? new GpuError(
              `The GPU has no memory for ${allocated} of buffers (${error.message.trim()}); take fewer tasks at once (tasksPerRoll) or rollouts, smaller pictures (maxPixels), or an adapter (loraRank)`,
              "memory",
            )
          : new GpuError(`The GPU refused a command: ${error.message}`, "refused");
    });
    this.device.lost.then((lost) => {
      this.#lose(lost.message || lost.reason);
    });
  }

  /**
   * @param plain, unrolled, unshared  see `GpuOptions`
   * @param maxBindingBytes  less than the device's own limit, to test what a smaller device does
   * @param matrixUnits      whether to request the device's matrix units
   * @param half             whether to request float16 in shaders where the adapter has it: our own kernels use none
   * @param otherName        asked for the adapter's name where WebGPU has none for it
   * @throws GpuError with cause and remedy where there is no WebGPU, no adapter, or no matrix units although requested
   */
  static async open(
    gpu: GPU | undefined | null,
    {
      plain = false,
      maxBindingBytes = Number.POSITIVE_INFINITY,
      matrixUnits = false,
      half = false,
      unrolled = true,
      unshared,
      otherName = () => null,
    }: Partial<Pick<GpuOptions, "plain" | "maxBindingBytes" | "unrolled" | "unshared">> & {
      matrixUnits?: boolean;
      half?: boolean;
      otherName?(): string | null;
    } = {},
  ): Promise<Gpu> {
    if (!gpu) throw new GpuError("There is no WebGPU here");
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter)
      throw new GpuError(
        "WebGPU found no graphics adapter; install or update the graphics driver, and in a browser switch on hardware acceleration",
      );
    const { limits } = adapter;
    const units = matrixUnits ? matrixUnitsOf(adapter) : null;
    if (typeof units === "string")
      throw new GpuError(
        `The matrix units that matrixUnits asks for are not offered by this adapter: ${units}; leave matrixUnits off, or ${matrixRemedy}`,
      );
    const features = [
      ...(adapter.features.has("timestamp-query") ? ["timestamp-query"] : []),
      ...(units ? matrixFeatures : half && adapter.features.has("shader-f16") ? ["shader-f16"] : []),
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
    const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info;
    const name =
      description ||
      [vendor, architecture, model].filter(Boolean).join(" ") ||
      (otherName() ?? "adapter without a name");
    // Firefox names no adapter, but says whether it is the one to fall back to.
    const software =
      isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software/i.test(`${name} ${vendor} ${architecture}`);
    return new Gpu({
      device,
      adapterName: software ? `${name} (software)` : name,
      software,
      plain,
      maxBindingBytes: Math.min(maxBindingBytes, device.limits.maxStorageBufferBindingSize),
      matrixUnits: units,
      unrolled,
      unshared,
    });
  }

  /** A tensor with unspecified content. */
  empty(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    return { name, shape, dtype, buffer: this.allocate(bytesOf({ shape, dtype }), name), offsetBytes: 0 };
  }

  /** A tensor of f32 with values that take a while to compute: they are not computed where memory is only counted. */
  uploadComputed(name: string, make: () => Float32Array, shape: readonly number[]): Tensor {
    return this.counts ? this.empty(name, shape) : this.upload(name, make(), shape);
  }

  /** A tensor with these values, whose dtype is that of the array. */
  upload(name: string, values: Float32Array | Uint32Array | Int32Array, shape: readonly number[]): Tensor {
    if (values.length !== size(shape))
      throw new RangeError(`${name} has ${values.length} values, expected ${size(shape)} for (${shape.join(", ")})`);
    const dtype = values instanceof Float32Array ? "f32" : values instanceof Uint32Array ? "u32" : "i32";
    const tensor = this.empty(name, shape, dtype);
    this.write(tensor, values);
    return tensor;
  }

  /** Overwrites a tensor from 4-byte word `start` on; takes effect before the next submit. */
  write(tensor: Tensor, values: Float32Array | Uint32Array | Int32Array, start = 0): void {
    const words = bytesOf(tensor) / 4;
    if (start + values.length > words)
      throw new RangeError(`${tensor.name} holds ${words} values, ${values.length} at ${start} do not fit`);
    this.queue.writeBuffer(
      bufferOf(tensor),
      tensor.offsetBytes + start * 4,
      values.buffer as ArrayBuffer,
      values.byteOffset,
      values.byteLength,
    );
  }

  /** Overwrites bytes of a tensor from a whole word on; up to three bytes behind the last one become 0. */
  writeBytes(tensor: Tensor, bytes: Uint8Array, firstByte: number): void {
    const end = firstByte + bytes.length;
    if (firstByte % 4 !== 0 || end > bytesOf(tensor))
      throw new RangeError(
        `${tensor.name} takes whole words up to byte ${bytesOf(tensor)}, not ${firstByte} to ${end}`,
      );
    const whole = bytes.length - (bytes.length % 4);
    const at = tensor.offsetBytes + firstByte;
    const put = (offset: number, { buffer, byteOffset, byteLength }: Uint8Array) =>
      this.queue.writeBuffer(bufferOf(tensor), offset, buffer as ArrayBuffer, byteOffset, byteLength);
    if (whole > 0) put(at, bytes.subarray(0, whole));
    if (whole === bytes.length) return;
    const last = new Uint8Array(4);
    last.set(bytes.subarray(whole));
    put(at + whole, last);
  }

  /** Sets a tensor to zero. */
  clear(tensor: Tensor): void {
    const encoder = this.device.createCommandEncoder({ label: `clear ${tensor.name}` });
    encoder.clearBuffer(bufferOf(tensor), tensor.offsetBytes, bytesOf(tensor));
    this.queue.submit([encoder.finish()]);
  }

  /**
   * Reads tensors in one round trip. The only wait for the device.
   *
   * @throws GpuError that the device has reported since the last read
   */
  async read(tensor: Tensor): Promise<Float32Array>;
  async read(...tensors: Tensor[]): Promise<Float32Array[]>;
  async read(...tensors: Tensor[]): Promise<Float32Array | Float32Array[]> {
    const bytes = await this.#readBytes(tensors);
    const arrays = bytes.map((b) => new Float32Array(b));
    const [first] = arrays;
    return first && arrays.length === 1 ? first : arrays;
  }

  /** The same as u32 words, whatever the dtype. */
  async readUint(...tensors: Tensor[]): Promise<Uint32Array[]> {
    return (await this.#readBytes(tensors)).map((b) => new Uint32Array(b));
  }

  async #readBytes(tensors: Tensor[]): Promise<ArrayBuffer[]> {
    this.check();
    this.reads++;
    // Outside of the try: an activation without a buffer is the caller's mistake.
    for (const tensor of tensors) {
      bufferOf(tensor);
      this.readBytes += bytesOf(tensor);
    }
    let result: ArrayBuffer[];
    try {
      result = await waiting(`read ${tensors[0]?.name}`, this.#readback.read(tensors));
    } catch (error) {
      // The loss of the device may be reported after a command failed because of it.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, lostReportedMs))]);
      this.check();
      // Only the device itself aborts a mapping; a busy one reports its loss only when its work is done.
      if ((error as Error).name === "AbortError") this.#lose((error as Error).message);
      this.check();
      throw new GpuError(`Reading ${tensors.map((t) => t.name).join(", ")} failed: ${(error as Error).message}`);
    }
    this.check();
    return result;
  }

  /** A plan ran, and may soon run again. */
  ran(plan: Plan): void {
    // Where the device is the host as well there is nothing to gain.
    if (!this.software) this.#ran.add(plan);
  }

  /** A plan will not run again. */
  ended(plan: Plan): void {
    this.#ran.delete(plan);
  }

  /**
   * Encodes the next runs of the plans that ran since the last call: a step runs those of the step before. To be called where
   * the host has nothing else to do until the device is done.
   */
  encodeAhead(): void {
    for (const plan of this.#ran) plan.encodeAhead();
    this.#ran.clear();
  }

  /** Throws the pending error, once; that of a lost device every time. */
  check(): void {
    if (!this.#error) return;
    const error = this.#error;
    if (error.kind !== "lost") this.#error = null;
    throw error;
  }

  /** A buffer from the pool; `release` it after use. @throws GpuError where it is larger than the device allows */
  allocate(bytes: number, label: string): GPUBuffer {
    if (bytes > this.maxBufferBytes)
      throw new GpuError(
        `${label} needs ${sizeText(bytes)}, this device allows ${sizeText(this.maxBufferBytes, Math.floor)} in a buffer; take fewer tasks at once (tasksPerRoll), fewer rollouts of a task (rolloutsPerTask) or smaller pictures (maxPixels)`,
      );
    return this.pool.allocate(bytes, label);
  }

  release(buffer: GPUBuffer): void {
    this.pool.release(buffer);
  }

  /** Destroys the device. Nothing of it may be used afterwards. */
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
}
