import { bufferOf } from "./activation.ts";
import { bufferUsage, granuleBytes } from "./buffer_pool.ts";
import { bytesOf, type Tensor } from "./tensor.ts";

/** GPUMapMode.READ */
const mapRead = 1;

/** Smaller reads use any staging buffer up to this size; larger ones one of at most four times their size. */
const smallBytes = 65_536;

/** Copies tensors to the host, through staging buffers that are used again. */
export class Readback {
  readonly #staging: GPUBuffer[] = [];

  constructor(readonly device: GPUDevice) {}

  /** The bytes of each tensor, all in one round trip. */
  async read(tensors: readonly Tensor[]): Promise<ArrayBuffer[]> {
    const copies: { buffer: GPUBuffer; from: number; to: number; bytes: number }[] = [];
    let totalBytes = 0;
    for (const tensor of tensors) {
      const bytes = bytesOf(tensor);
      copies.push({ buffer: bufferOf(tensor), from: tensor.offsetBytes, to: totalBytes, bytes });
      totalBytes += bytes;
    }
    const staging = this.#take(totalBytes);
    const encoder = this.device.createCommandEncoder({ label: "read" });
    for (const { buffer, from, to, bytes } of copies) encoder.copyBufferToBuffer(buffer, from, staging, to, bytes);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(mapRead, 0, totalBytes);
    const mapped = staging.getMappedRange(0, totalBytes);
    const result = copies.map(({ to, bytes }) => mapped.slice(to, to + bytes));
    staging.unmap();
    this.#staging.push(staging);
    return result;
  }

  #take(bytes: number): GPUBuffer {
    const index = this.#staging.findIndex((b) => b.size >= bytes && b.size <= Math.max(smallBytes, bytes * 4));
    const [found] = index < 0 ? [] : this.#staging.splice(index, 1);
    if (found) return found;
    return this.device.createBuffer({
      label: "read",
      size: Math.ceil(bytes / granuleBytes) * granuleBytes,
      usage: bufferUsage.mapRead | bufferUsage.copyTarget,
    });
  }
}
