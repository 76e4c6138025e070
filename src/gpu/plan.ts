import { ActivationBuffer } from "./activation.ts";
import { type Gpu, GpuError } from "./gpu.ts";
import { lifetimesOf, withoutDead } from "./liveness.ts";
import { type Placement, place } from "./placement.ts";
import type { Shader } from "./shader.ts";
import { sizeText } from "./size_text.ts";
import { bytesOf, type Dtype, type Tensor } from "./tensor.ts";

/** One dispatch to be. */
export interface Dispatch {
  shader: Shader;
  entry: string;
  /** Tensors by their names in the WGSL. More than the entry point uses may be given. */
  tensors: Readonly<Record<string, Tensor>>;
  /** Fields of the shader's Params. More than it has may not be given. */
  params?: Readonly<Record<string, number>>;
  /** Workgroups in x, y, z. */
  groups: readonly [number, number?, number?];
  /** Values of `override` constants. */
  constants?: Readonly<Record<string, number>>;
  /** `const NAME: u32` in the shader's prelude: sizes of private arrays, which WGSL wants to be constant. */
  sizes?: Readonly<Record<string, number>>;
}

interface Step {
  label: string;
  pipeline: GPUComputePipeline;
  dispatch: Dispatch;
  paramsOffset: number;
  group?: GPUBindGroup;
}

/** Time of one kernel in one replay. */
export interface KernelTime {
  label: string;
  durationMs: number;
  /** What ran: sizes and bound tensors say how much there was to do. */
  dispatch: Dispatch;
  /** u32 (N, 4), the contents of its binding `query_spans`: how much attention does stands in no size. */
  spans?: Uint32Array;
}

/** Uniform blocks start at multiples of this. */
const alignmentBytes = 256;

/**
 * A walk recorded once and replayed: pipelines, bind groups, one pass, one submit. Sizes are fixed when it is
 * recorded; what changes between replays (tokens, positions, learning rate) lives in GPU buffers.
 *
 * With `reuse`, activations get their buffers when the plan first runs: those that are not needed at the same time
 * share them, also with other plans. The host can then read only activations that are kept.
 */
export class Plan {
  #steps: Step[] = [];
  readonly #owned: GPUBuffer[] = [];
  readonly #kept: ActivationBuffer[] = [];
  #placement: { activations: ActivationBuffer[] } & Placement = { activations: [], sizes: [], of: [] };
  #bound = false;
  readonly #reuse: boolean;
  #params: ArrayBuffer[] = [];
  #uniforms: GPUBuffer | null = null;
  #freed = false;
  /** Of a dispatch in `#uniforms`. */
  #paramsBytes = alignmentBytes;

  constructor(
    readonly gpu: Gpu,
    readonly name: string,
    { reuse = false } = {},
  ) {
    this.#reuse = reuse;
  }

  /** What its own tensors take, without activations that share their buffers. */
  get sizeBytes(): number {
    return this.#owned.reduce((sum, { size }) => sum + size, 0);
  }

  /** What the buffers that its activations share take; may be asked before anything is allocated for them. */
  get activationBytes(): number {
    const { sizes } = this.#uniforms ? this.#placement : place([...lifetimesOf(withoutDead(this.#steps)).values()]);
    return sizes.reduce((a, b) => a + b, 0);
  }

  get dispatches(): number {
    return this.#steps.length;
  }

  /** Everything that a run does, in order. */
  get recorded(): readonly Dispatch[] {
    return this.#steps.map(({ dispatch }) => dispatch);
  }

  /** A tensor that lives as long as the plan. */
  empty(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    const tensor = this.gpu.empty(name, shape, dtype);
    this.#owned.push(tensor.buffer);
    return tensor;
  }

  /** A tensor that one dispatch writes and later ones of the same run read. */
  activation(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    if (!this.#reuse) return this.empty(name, shape, dtype);
    return { name, shape, dtype, buffer: new ActivationBuffer(name, bytesOf({ shape, dtype })), offsetBytes: 0 };
  }

  /** Lets an activation outlive the run, so that the host can read it. */
  keep({ name, buffer }: Tensor): void {
    if (!(buffer instanceof ActivationBuffer) || buffer.kept) return;
    if (this.#uniforms) throw new Error(`${this.name} has run already, ${name} cannot be kept`);
    buffer.kept = true;
    this.#kept.push(buffer);
  }

  /** A tensor with values that lives as long as the plan. */
  upload(name: string, values: Float32Array | Uint32Array | Int32Array, shape: readonly number[]): Tensor {
    const tensor = this.gpu.upload(name, values, shape);
    this.#owned.push(tensor.buffer);
    return tensor;
  }

  /** Adds a dispatch. @throws at once where a tensor or parameter is missing or the grid is too large. */
  dispatch(dispatch: Dispatch): void {
    const { shader, entry, groups } = dispatch;
    const label = `${shader.name}.${entry}`;
    if (this.#uniforms) throw new Error(`${this.name} has run already, ${label} cannot be added`);
    for (const name of shader.uses(entry))
      if (name !== "params" && !dispatch.tensors[name])
        throw new TypeError(`${label} needs ${name}, it was given ${Object.keys(dispatch.tensors).join(", ")}`);
    this.#expectBindable(dispatch, label);
    const limit = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    if (groups.some((n) => n! > limit))
      throw new RangeError(`${label} asks for ${groups.join(" x ")} workgroups, at most ${limit} each`);
    if (groups.some((n) => n === 0)) return;
    const paramsOffset = this.#params.length;
    if (shader.uses(entry).has("params")) this.#params.push(packParams(shader, entry, dispatch.params ?? {}));
    const pipeline = this.gpu.pipeline(shader, entry, dispatch.constants ?? {}, dispatch.sizes ?? {});
    this.#steps.push({ label, pipeline, dispatch, paramsOffset });
  }

  /** Encodes and submits everything recorded, in order. */
  run(): void {
    this.#bind();
    this.gpu.watch?.(this);
    const encoder = this.gpu.device.createCommandEncoder({ label: this.name });
    const pass = encoder.beginComputePass({ label: this.name });
    for (const step of this.#steps) this.#encode(pass, step);
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Runs once with a pass and two timestamps for each kernel. Slower than `run` in total, right in each part. */
  async trace(): Promise<KernelTime[]> {
    if (!this.gpu.canTime) throw new Error("This adapter offers no timestamp-query, so kernels cannot be timed");
    this.#bind();
    const { device } = this.gpu;
    const parts: { steps: Step[]; querySet: GPUQuerySet; resolved: GPUBuffer }[] = [];
    // A query set holds at most 4096 timestamps. Nothing may run between the parts: plans share their activations' buffers.
    for (let first = 0; first < this.#steps.length; first += 2048) {
      const steps = this.#steps.slice(first, first + 2048);
      const querySet = device.createQuerySet({ type: "timestamp", count: steps.length * 2 });
      const resolved = device.createBuffer({
        size: steps.length * 16,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      const encoder = device.createCommandEncoder({ label: `${this.name} trace` });
      steps.forEach((step, i) => {
        const pass = encoder.beginComputePass({
          timestampWrites: { querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 },
        });
        this.#encode(pass, step);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, steps.length * 2, resolved, 0);
      device.queue.submit([encoder.finish()]);
      parts.push({ steps, querySet, resolved });
    }
    const times: KernelTime[] = [];
    for (const { steps, querySet, resolved } of parts) {
      const [words] = await this.gpu.readUint({
        name: "timestamps",
        shape: [steps.length * 4],
        dtype: "u32",
        buffer: resolved,
        offsetBytes: 0,
      });
      const stamps = new BigUint64Array(words!.buffer);
      steps.forEach((step, i) => {
        const durationMs = Number(stamps[i * 2 + 1]! - stamps[i * 2]!) / 1e6;
        times.push({ label: step.label, durationMs, dispatch: step.dispatch });
      });
      querySet.destroy();
      resolved.destroy();
    }
    await this.#readSpans(times);
    return times;
  }

  /** Reads them while the plan still has its tensors. */
  async #readSpans(times: readonly KernelTime[]): Promise<void> {
    const tensors = new Set(times.flatMap(({ dispatch }) => dispatch.tensors.query_spans ?? []));
    if (tensors.size === 0) return;
    const values = await this.gpu.readUint(...tensors);
    const spans = new Map([...tensors].map((tensor, i) => [tensor, values[i]!]));
    for (const time of times) {
      const tensor = time.dispatch.tensors.query_spans;
      if (tensor) time.spans = spans.get(tensor);
    }
  }

  /** Gives the plan's tensors back to the pool. The plan cannot run any more. */
  free(): void {
    this.#freed = true;
    for (const buffer of this.#owned) this.gpu.release(buffer);
    // Somebody else may have their buffers from now on.
    for (const buffer of this.#kept) buffer.placed = null;
    this.#kept.length = 0;
    this.dropBuffers();
    this.gpu.activations.leave(this);
    this.#owned.length = 0;
    this.#steps = [];
    if (this.#uniforms) this.gpu.pool.destroyUniforms(this.#uniforms);
    this.#uniforms = null;
  }

  /** @throws GpuError where a kernel would have to see more of a buffer than the device allows */
  #expectBindable({ shader, entry, tensors }: Dispatch, label: string): void {
    const most = this.gpu.maxBindingBytes;
    for (const name of shader.uses(entry)) {
      const tensor = tensors[name];
      if (name !== "params" && tensor && bytesOf(tensor) > most)
        throw new GpuError(
          `${tensor.name} needs ${sizeText(bytesOf(tensor))} in one buffer, this device lets a kernel see ${sizeText(most, Math.floor)} (${label}); take fewer rollouts of a task (rolloutsPerTask), smaller pictures (maxPixels) or shorter responses (responseTokens)`,
        );
    }
  }

  /** ArenaUser.dropBuffers: bind groups are made anew before the next run. */
  dropBuffers(): void {
    this.#bound = false;
    for (const step of this.#steps) step.group = undefined;
  }

  #encode(pass: GPUComputePassEncoder, step: Step): void {
    const [x, y = 1, z = 1] = step.dispatch.groups;
    pass.setPipeline(step.pipeline);
    pass.setBindGroup(0, step.group!);
    pass.dispatchWorkgroups(x, y, z);
  }

  /** Says which activations share a buffer, and puts all Params into one, once. */
  #seal(): void {
    if (this.#freed) throw new Error(`${this.name} was freed, it cannot run any more`);
    if (this.#uniforms) return;
    this.#steps = withoutDead(this.#steps);
    const lives = lifetimesOf(this.#steps);
    this.#placement = { activations: [...lives.keys()], ...place([...lives.values()]) };
    for (const buffer of this.#kept) {
      buffer.placed = this.gpu.allocate(buffer.size, buffer.label);
      this.#owned.push(buffer.placed);
    }
    this.#paramsBytes = Math.max(
      alignmentBytes,
      ...this.#params.map((p) => Math.ceil(p.byteLength / alignmentBytes) * alignmentBytes),
    );
    const block = this.#paramsBytes;
    const bytes = new Uint8Array(Math.max(1, this.#params.length) * block);
    for (const [i, p] of this.#params.entries()) bytes.set(new Uint8Array(p), i * block);
    this.#uniforms = this.gpu.pool.createUniforms(`${this.name} params`, bytes);
    this.#params = [];
  }

  /** Gives activations their buffers and makes the bind groups, as long as no other plan makes it leave its room. */
  #bind(): void {
    this.#seal();
    if (this.#bound) return;
    const { device } = this.gpu;
    const { activations, sizes, of } = this.#placement;
    const buffers = this.gpu.activations.take(this, sizes);
    activations.forEach((activation, i) => {
      activation.placed = buffers[of[i]!]!;
    });
    for (const step of this.#steps) {
      const { shader, entry, tensors } = step.dispatch;
      const entries = [...shader.uses(entry)].map((name): GPUBindGroupEntry => {
        const binding = shader.bindings.get(name)!.number;
        if (name === "params")
          return {
            binding,
            resource: {
              buffer: this.#uniforms!,
              offset: step.paramsOffset * this.#paramsBytes,
              size: Math.ceil((shader.params.length * 4) / 16) * 16,
            },
          };
        const tensor = tensors[name]!;
        return {
          binding,
          resource: {
            buffer: tensor.buffer instanceof ActivationBuffer ? tensor.buffer.placed! : tensor.buffer,
            offset: tensor.offsetBytes,
            size: Math.max(4, bytesOf(tensor)),
          },
        };
      });
      step.group = device.createBindGroup({ label: step.label, layout: step.pipeline.getBindGroupLayout(0), entries });
    }
    this.#bound = true;
  }
}

function packParams(shader: Shader, entry: string, values: Readonly<Record<string, number>>): ArrayBuffer {
  const block = new ArrayBuffer(Math.ceil((shader.params.length * 4) / 16) * 16);
  const view = new DataView(block);
  shader.params.forEach(({ name, type }, i) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`${shader.name}.${entry} needs the parameter ${name}`);
    if (type === "f32") view.setFloat32(i * 4, value, true);
    else if (type === "i32") view.setInt32(i * 4, value, true);
    else view.setUint32(i * 4, value, true);
  });
  for (const name of Object.keys(values))
    if (!shader.params.some((field) => field.name === name))
      throw new TypeError(`${shader.name}.wgsl has no parameter ${name}`);
  return block;
}
