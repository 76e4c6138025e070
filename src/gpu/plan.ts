import { onHost, recorded } from "../timeline.ts";
import { ActivationBuffer } from "./activation.ts";
import { boundTensors, type Dispatch, labelOf } from "./dispatch.ts";
import { type Gpu, GpuError } from "./gpu.ts";
import { withInlined } from "./inline.ts";
import { type KernelTime, timeKernels } from "./kernel_times.ts";
import { lifetimesOf, withoutDead } from "./liveness.ts";
import { joinParams, packParams, paramsBytes } from "./params.ts";
import { type Placement, place } from "./placement.ts";
import { sizeText } from "./size_text.ts";
import { bytesOf, type Dtype, type Tensor } from "./tensor.ts";

interface Step {
  dispatch: Dispatch;
  /** Index of its Params in the plan's uniform buffer. */
  paramsIndex: number;
  /** Both from the first run on. */
  pipeline?: GPUComputePipeline;
  group?: GPUBindGroup;
}

/** Dispatches of a submission that runs a plan more than once: what the GPU does while the next ones are encoded. */
const mostDispatches = 256;

/**
 * A forward or backward pass, or another sequence of dispatches, recorded once and replayed: pipelines and bind groups are
 * made once, a run is one compute pass in one submission. Sizes are fixed when it is recorded; what changes between runs
 * (tokens, positions, learning rate) lives in GPU buffers.
 *
 * With `reuse`, activations get their buffers when the plan first runs: those that are not live at the same time share
 * buffers, also with other plans. The host can then read only activations that were kept.
 */
export class Plan {
  #steps: Step[] = [];
  readonly #owned: GPUBuffer[] = [];
  /** Their bytes, when there were so many. */
  #sized = { count: 0, bytes: 0 };
  readonly #kept: ActivationBuffer[] = [];
  #placement: { activations: ActivationBuffer[] } & Placement = { activations: [], sizes: [], of: [] };
  #isBound = false;
  /** Whether activations are placed when the plan first runs. */
  readonly reuses: boolean;
  /** The Params of all dispatches, from the first run on. */
  #uniforms: { buffer: GPUBuffer; strideBytes: number } | null = null;
  #isFreed = false;
  /** The next run, where it was encoded before it is asked for. */
  #encoded: GPUCommandBuffer | null = null;

  constructor(
    readonly gpu: Gpu,
    readonly name: string,
    { reuse = false } = {},
  ) {
    this.reuses = reuse;
  }

  /** Bytes of its own tensors, without activations that share buffers. */
  get sizeBytes(): number {
    // They are many, and are asked for at every run.
    if (this.#sized.count !== this.#owned.length) {
      const bytes = this.#owned.reduce((sum, buffer) => sum + this.gpu.pool.bytesOf(buffer), 0);
      this.#sized = { count: this.#owned.length, bytes };
    }
    return this.#sized.bytes;
  }

  /** Bytes of the buffers that its activations share; available before they are allocated. */
  get activationBytes(): number {
    const { sizes } = this.#uniforms ? this.#placement : place([...lifetimesOf(withoutDead(this.#planned())).values()]);
    return sizes.reduce((a, b) => a + b, 0);
  }

  get dispatches(): number {
    return this.#planned().length;
  }

  /** All dispatches of a run, in order. */
  get recorded(): readonly Dispatch[] {
    return this.#planned().map(({ dispatch }) => dispatch);
  }

  /** A tensor that lives as long as the plan. */
  empty(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    const tensor = this.gpu.empty(name, shape, dtype);
    this.#owned.push(tensor.buffer);
    return tensor;
  }

  /** A tensor that one dispatch writes and later ones of the same run read. */
  activation(name: string, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
    if (!this.reuses) return this.empty(name, shape, dtype);
    return { name, shape, dtype, buffer: new ActivationBuffer(name, bytesOf({ shape, dtype })), offsetBytes: 0 };
  }

  /** Gives an activation a buffer of its own, so that the host can read it after a run. */
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

  /**
   * Records a dispatch.
   *
   * @throws TypeError where a tensor or parameter is missing, RangeError where the grid is too large, GpuError where a
   * kernel would bind more of a buffer than the device allows
   */
  dispatch({ unshared, ...shared }: Dispatch): void {
    const dispatch = this.gpu.unshared && unshared ? { ...shared, sizes: {}, ...unshared } : shared;
    const { shader, entry, groups } = dispatch;
    const label = labelOf(dispatch);
    if (this.#uniforms) throw new Error(`${this.name} has run already, ${label} cannot be added`);
    const bound = boundTensors(dispatch);
    const most = this.gpu.maxBindingBytes;
    for (const { tensor } of bound)
      if (bytesOf(tensor) > most)
        throw new GpuError(
          `${tensor.name} needs ${sizeText(bytesOf(tensor))} in one buffer, this device lets a kernel see ${sizeText(most, Math.floor)} (${label}); take fewer rollouts of a task (rolloutsPerTask), smaller pictures (maxPixels) or shorter responses (responseTokens)`,
        );
    const limit = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    if (groups.some((n = 1) => n > limit))
      throw new RangeError(`${label} asks for ${groups.join(" x ")} workgroups, at most ${limit} each`);
    if (groups.some((n) => n === 0)) return;
    // Named at once where one is missing; packed when the plan first runs.
    if (shader.uses(entry).has("params")) packParams(dispatch);
    this.#steps.push({ dispatch, paramsIndex: 0 });
  }

  /**
   * Compiles the kernels that are not compiled yet, all at once and without holding the host's thread; `run` compiles
   * what is missing one after another. Null where the plan has run already; false where the device refuses a kernel.
   */
  compile(): Promise<boolean> | null {
    if (this.#uniforms) return null;
    return this.gpu.pipelines.compile(withoutDead(this.#planned()).map(({ dispatch }) => dispatch));
  }

  /** Encodes and submits all dispatches, in order, so many times one after another: in few submissions where they are few. */
  run(times = 1): void {
    const together = Math.max(1, Math.floor(mostDispatches / Math.max(1, this.#steps.length)));
    for (let left = times; left > 0; left -= together)
      onHost(`submit ${this.name}`, () => this.#run(Math.min(left, together)));
  }

  #run(times: number): void {
    this.#bind();
    for (let i = 0; i < times; i++) this.gpu.beforeRun?.(this);
    const encoded = times === 1 && !recorded() ? this.#encoded : null;
    if (encoded) this.#encoded = null;
    this.gpu.queue.submit([encoded ?? this.#encode(times)]);
    this.gpu.ran(this);
  }

  /**
   * Encodes the next run, for when it is asked for: encoding a run takes the host about as long as a small model's kernels
   * take the device. Where buffers are replaced until then it is encoded anew.
   */
  encodeAhead(): void {
    // A timeline counts from when a pass was encoded.
    if (!this.#isBound || this.#encoded || this.#isFreed || recorded()) return;
    this.#encoded = this.#encode(1);
  }

  #encode(times: number): GPUCommandBuffer {
    const encoder = this.gpu.device.createCommandEncoder({ label: this.name });
    const timestampWrites = this.gpu.canTime ? this.gpu.passClock.next(this.name) : undefined;
    const pass = encoder.beginComputePass({ label: this.name, ...(timestampWrites ? { timestampWrites } : {}) });
    for (let i = 0; i < times; i++) for (const step of this.#steps) encode(pass, step);
    pass.end();
    return encoder.finish();
  }

  /** Runs once with timestamps round each kernel. The whole is slower than `run`; the times of single kernels are right. */
  async trace(): Promise<KernelTime[]> {
    if (!this.gpu.canTime) throw new Error("This adapter offers no timestamp-query, so kernels cannot be timed");
    this.#bind();
    return timeKernels(this.gpu, this.name, this.#steps, encode);
  }

  /** Releases the plan's tensors. The plan cannot run any more. */
  free(): void {
    this.#isFreed = true;
    for (const buffer of this.#owned) this.gpu.release(buffer);
    // Their buffers are in the pool and may be used by others.
    for (const buffer of this.#kept) buffer.placed = null;
    this.#kept.length = 0;
    this.dropBuffers();
    this.gpu.activations.leave(this);
    this.gpu.ended(this);
    this.#owned.length = 0;
    this.#steps = [];
    if (this.#uniforms) this.gpu.pool.destroyUniforms(this.#uniforms.buffer);
    this.#uniforms = null;
  }

  /** For the arena: the activations' buffers are replaced. Bind groups are made again before the next run. */
  dropBuffers(): void {
    this.#isBound = false;
    this.#encoded = null;
    for (const step of this.#steps) step.group = undefined;
  }

  /** The dispatches of a run: those that are recorded, less what readers compute themselves. */
  #planned(): Step[] {
    return this.#uniforms ? this.#steps : withInlined(this.#steps);
  }

  /** Once: decides which activations share a buffer, and puts the Params of all dispatches into one buffer. */
  #seal(): { buffer: GPUBuffer; strideBytes: number } {
    if (this.#isFreed) throw new Error(`${this.name} was freed, it cannot run any more`);
    if (this.#uniforms) return this.#uniforms;
    this.#steps = withoutDead(this.#planned());
    const lives = lifetimesOf(this.#steps);
    this.#placement = { activations: [...lives.keys()], ...place([...lives.values()]) };
    for (const buffer of this.#kept) {
      buffer.placed = this.gpu.allocate(buffer.size, buffer.label);
      this.#owned.push(buffer.placed);
    }
    const blocks: Uint8Array[] = [];
    for (const step of this.#steps) {
      step.paramsIndex = blocks.length;
      if (step.dispatch.shader.uses(step.dispatch.entry).has("params")) blocks.push(packParams(step.dispatch));
    }
    const { bytes, strideBytes } = joinParams(blocks);
    this.#uniforms = { buffer: this.gpu.pool.createUniforms(`${this.name} params`, bytes), strideBytes };
    return this.#uniforms;
  }

  /** Takes buffers for the activations and makes the bind groups, unless both are still valid. */
  #bind(): void {
    const uniforms = this.#seal();
    if (this.#isBound) return;
    const { activations, sizes, of } = this.#placement;
    const buffers = this.gpu.activations.take(this, sizes);
    for (const [i, activation] of activations.entries()) activation.placed = buffers[of[i] ?? -1] ?? null;
    for (const step of this.#steps) {
      step.pipeline ??= this.gpu.pipelines.get(step.dispatch);
      step.group = this.#groupOf(step, step.pipeline, uniforms);
    }
    this.#isBound = true;
  }

  #groupOf(
    { dispatch, paramsIndex }: Step,
    pipeline: GPUComputePipeline,
    uniforms: { buffer: GPUBuffer; strideBytes: number },
  ): GPUBindGroup {
    const { shader, entry } = dispatch;
    const entries = boundTensors(dispatch).map(({ tensor, binding }): GPUBindGroupEntry => {
      const { buffer, offsetBytes: offset } = tensor;
      const placed = buffer instanceof ActivationBuffer ? buffer.placed : buffer;
      if (!placed) throw new Error(`${tensor.name} has no buffer in ${this.name}, which does not own it`);
      return { binding, resource: { buffer: placed, offset, size: Math.max(4, bytesOf(tensor)) } };
    });
    if (shader.uses(entry).has("params")) {
      const offset = paramsIndex * uniforms.strideBytes;
      const resource = { buffer: uniforms.buffer, offset, size: paramsBytes(dispatch) };
      entries.push({ binding: shader.binding("params").number, resource });
    }
    const layout = pipeline.getBindGroupLayout(0);
    return this.gpu.device.createBindGroup({ label: labelOf(dispatch), layout, entries });
  }
}

function encode(pass: GPUComputePassEncoder, { pipeline, group, dispatch }: Step): void {
  const [x, y = 1, z = 1] = dispatch.groups;
  if (!pipeline) throw new Error(`${labelOf(dispatch)} has no pipeline before its plan is bound`);
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group ?? null);
  pass.dispatchWorkgroups(x, y, z);
}
