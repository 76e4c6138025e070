import type { Gpu } from "./gpu.ts";

/** Who uses the room. */
export interface ArenaUser {
  readonly name: string;
  /** Forgets the buffers it was given: others take their place, for which it will ask before it runs again. */
  dropBuffers(): void;
}

/**
 * The buffers of all plans' activations. Plans run one after another, each in one submission, and an activation is of no
 * use once its plan has run: so plans use the same buffers in turns. There are as many, and as large ones, as the most
 * demanding plan needs, buffer by buffer in falling size.
 */
export class ActivationArena {
  readonly #needs = new Map<ArenaUser, readonly number[]>();
  /** Falling. */
  #buffers: GPUBuffer[] = [];

  constructor(readonly gpu: Gpu) {}

  /** Different buffers of at least these sizes, which fall. They are the user's until it leaves. */
  take(user: ArenaUser, sizes: readonly number[]): GPUBuffer[] {
    this.#needs.set(user, sizes);
    if (sizes.some((size, i) => !(this.#buffers[i] && this.#buffers[i].size >= size))) this.#grow(user);
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
