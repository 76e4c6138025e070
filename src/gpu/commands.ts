import { bufferOf } from "./activation.ts";
import { boundTensors, type Dispatch, labelOf } from "./dispatch.ts";
import type { Gpu } from "./gpu.ts";
import { bytesOf, type Tensor } from "./tensor.ts";

/** Dispatches and copies of one submission that is made once, at sizes that may not come again; a Plan is for those that do. */
export class Commands {
  readonly #encoder: GPUCommandEncoder;
  #pass: GPUComputePassEncoder | null = null;

  constructor(
    readonly gpu: Gpu,
    readonly name: string,
  ) {
    this.#encoder = gpu.device.createCommandEncoder({ label: name });
  }

  /** @throws TypeError where a tensor is missing, or the shader has Params: what it needs to know must stand in tensors */
  dispatch(dispatch: Dispatch): void {
    const { shader, entry, groups, constants = {}, sizes = {} } = dispatch;
    const label = labelOf(dispatch);
    if (shader.uses(entry).has("params")) throw new TypeError(`${label} has Params, which only a plan can bind`);
    const [x, y = 1, z = 1] = groups;
    if (x * y * z === 0) return;
    const { device, pipelines } = this.gpu;
    const pipeline = pipelines.get({ shader, entry, constants, sizes });
    const entries = boundTensors(dispatch).map(({ tensor, binding }): GPUBindGroupEntry => {
      const { offsetBytes: offset } = tensor;
      return { binding, resource: { buffer: bufferOf(tensor), offset, size: bytesOf(tensor) } };
    });
    const group = device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries });
    this.#pass ??= this.#begin();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, group);
    this.#pass.dispatchWorkgroups(x, y, z);
  }

  /** Copies whole words; both places and the length are in bytes from the tensors' beginnings. */
  copy(from: Tensor, fromByte: number, to: Tensor, toByte: number, bytes: number): void {
    this.#pass?.end();
    this.#pass = null;
    const [source, target] = [from.offsetBytes + fromByte, to.offsetBytes + toByte];
    this.#encoder.copyBufferToBuffer(bufferOf(from), source, bufferOf(to), target, bytes);
  }

  #begin(): GPUComputePassEncoder {
    const { canTime, passClock } = this.gpu;
    const timestampWrites = canTime ? passClock.next(this.name) : undefined;
    return this.#encoder.beginComputePass({ label: this.name, ...(timestampWrites ? { timestampWrites } : {}) });
  }

  submit(): void {
    this.#pass?.end();
    this.gpu.queue.submit([this.#encoder.finish()]);
  }
}
