import type { Gpu } from "./gpu.ts";

/** Who takes buffers from the arena: a plan. */
export interface ArenaUser {
  readonly name: string;
  /** Drops the buffers it was given, because the arena replaces some; it takes new ones before it runs again. */
  dropBuffers(): void;
}

/** A buffer that is replaced by one of up to twice its size gets this share more: sizes that drift replace it less often. */
const slack = 1 / 8;
/** Larger buffers are as large as they need to be: there memory matters more than time. */
const mostSlackenedBytes = 16 * 2 ** 20;

/**
 * The buffers of all plans' activations. Plans run one after another, each in one submission, and an activation is not
 * read after its plan has run: so plans share one set of buffers. It has as many buffers, each as large, as the most
 * demanding plan needs, compared buffer by buffer in descending size.
 */
export class ActivationArena {
  /** In descending order, by user. */
  readonly #needs = new Map<ArenaUser, readonly number[]>();
  readonly #buffers: GPUBuffer[] = [];

  constructor(readonly gpu: Gpu) {}

  /** Distinct buffers of at least these sizes (bytes, descending). The user holds them until `dropBuffers` or `leave`. */
  take(user: ArenaUser, sizes: readonly number[]): GPUBuffer[] {
    this.#needs.set(user, sizes);
    for (const [i, bytes] of sizes.entries()) if ((this.#buffers[i]?.size ?? 0) < bytes) this.#grow(user, i, bytes);
    return this.#buffers.slice(0, sizes.length);
  }

  leave(user: ArenaUser): void {
    this.#needs.delete(user);
    if (this.#needs.size > 0) return;
    for (const buffer of this.#buffers) this.gpu.release(buffer);
    this.#buffers.length = 0;
  }

  /** Replaces a buffer. Other plans lose theirs only where they use it. */
  #grow(user: ArenaUser, at: number, bytes: number): void {
    const before = this.#buffers[at];
    if (before) {
      for (const [other, sizes] of this.#needs) if (other !== user && sizes.length > at) other.dropBuffers();
      this.gpu.release(before);
    }
    const drifts = before !== undefined && bytes <= 2 * before.size && bytes <= mostSlackenedBytes;
    const more = drifts ? bytes * slack : 0;
    this.#buffers[at] = this.gpu.allocate(bytes + more, `${user.name} activations`);
  }
}
