/**
 * Stands in for the buffer of an activation until its plan first runs: which activations share a buffer can be said
 * only when all dispatches that read them are known. Views of a tensor share it.
 */
export class ActivationBuffer implements GPUBuffer {
  readonly __brand = "GPUBuffer";
  readonly usage = 0;
  readonly mapState = "unmapped";
  /** The buffer itself, from the plan's first run on. */
  placed: GPUBuffer | null = null;
  /** Nobody else may use its buffer, so that the host can read it after a run. */
  kept = false;

  constructor(
    public label: string,
    readonly size: number,
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

/** The buffer that commands are given. @throws Error for an activation that another may have overwritten */
export function bufferOf({ name, buffer }: { name: string; buffer: GPUBuffer }): GPUBuffer {
  if (!(buffer instanceof ActivationBuffer)) return buffer;
  if (!buffer.kept)
    throw new Error(`${name} is an activation whose room is used again; call plan.keep() before the plan runs`);
  if (!buffer.placed) throw new Error(`${name} has no buffer before its plan has run, nor after it was freed`);
  return buffer.placed;
}
