/**
 * Placeholder for the buffer of an activation until its plan first runs: which activations can share a buffer is known
 * only when all dispatches have been recorded. Views of a tensor share the placeholder.
 */
export class ActivationBuffer implements GPUBuffer {
  readonly __brand = "GPUBuffer";
  readonly usage = 0;
  readonly mapState = "unmapped";
  /** The real buffer, from the plan's first run on. */
  placed: GPUBuffer | null = null;
  /** It has a buffer of its own, so that the host can read it after a run. */
  kept = false;

  constructor(
    public label: string,
    /** Bytes; may grow until the plan first runs. */
    public size: number,
  ) {}

  mapAsync(): never {
    throw this.#misuse();
  }

  getMappedRange(): never {
    throw this.#misuse();
  }

  unmap(): never {
    throw this.#misuse();
  }

  destroy(): never {
    throw this.#misuse();
  }

  #misuse(): Error {
    return new Error(`${this.label} is an activation, whose buffer belongs to its plan`);
  }
}

/** The buffer to use in commands. @throws Error for an activation whose buffer others share, or that has none yet */
export function bufferOf({ name, buffer }: { name: string; buffer: GPUBuffer }): GPUBuffer {
  if (!(buffer instanceof ActivationBuffer)) return buffer;
  if (!buffer.kept)
    throw new Error(`${name} is an activation whose buffer others share; call plan.keep() before the plan runs`);
  if (!buffer.placed) throw new Error(`${name} has no buffer before its plan has run, nor after it was freed`);
  return buffer.placed;
}
