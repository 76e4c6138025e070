import type { Gpu } from "./gpu.ts";

/**
 * The buffers of all plans' activations. Plans run one after another, each in one submission, and an activation is of no
 * use once its plan has run: so plans use the same buffers in turns.
 */
export class ActivationRoom {
  readonly #users = new Map<GPUBuffer, number>();

  constructor(readonly gpu: Gpu) {}

  /** Different buffers of at least these sizes, which fall. Give them back with `release`. */
  take(sizes: readonly number[], label: string): GPUBuffer[] {
    const free = [...this.#users.keys()].sort((a, b) => a.size - b.size);
    return sizes.map((size) => {
      const at = free.findIndex((buffer) => buffer.size >= size);
      const buffer = at >= 0 ? free.splice(at, 1)[0]! : this.gpu.allocate(size, `${label} activations`);
      this.#users.set(buffer, (this.#users.get(buffer) ?? 0) + 1);
      return buffer;
    });
  }

  release(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      const users = this.#users.get(buffer)! - 1;
      if (users > 0) this.#users.set(buffer, users);
      else {
        this.#users.delete(buffer);
        this.gpu.release(buffer);
      }
    }
  }
}
