import type { Gpu } from "./gpu.ts";

/** Who takes buffers from the arena: a plan. */
export interface ArenaUser {
  readonly name: string;
  /** Drops the buffers it was given, because the arena replaces them; it takes new ones before it runs again. */
  dropBuffers(): void;
}

/**
 * The buffers of all plans' activations. Plans run one after another, each in one submission, and an activation is not
 * read after its plan has run: so plans share one set of buffers. It has as many buffers, each as large, as the most
 * demanding plan needs, compared buffer by buffer in descending size.
 */
export class ActivationArena {
  readonly #needs = new Map<ArenaUser, readonly number[]>();
  /** In descending size. */
  #buffers: GPUBuffer[] = [];

  constructor(readonly gpu: Gpu) {}

  /** Distinct buffers of at least these sizes (bytes, descending). The user holds them until `dropBuffers` or `leave`. */
  take(user: ArenaUser, sizes: readonly number[]): GPUBuffer[] {
    this.#needs.set(user, sizes);
    const isTooSmall = (bytes: number, i: number) => (this.#buffers[i]?.size ?? 0) < bytes;
    if (sizes.some(isTooSmall)) this.#grow(user);
    return this.#buffers.slice(0, sizes.length);
  }

  leave(user: ArenaUser): void {
    this.#needs.delete(user);
    if (this.#needs.size === 0) this.#empty();
  }

  #grow(user: ArenaUser): void {
    for (const other of this.#needs.keys()) if (other !== user) other.dropBuffers();
    this.#empty();
    const most: number[] = [];
    for (const sizes of this.#needs.values())
      for (const [i, size] of sizes.entries()) most[i] = Math.max(most[i] ?? 0, size);
    this.#buffers = most.map((size) => this.gpu.allocate(size, `${user.name} activations`));
  }

  #empty(): void {
    for (const buffer of this.#buffers) this.gpu.release(buffer);
    this.#buffers = [];
  }
}
