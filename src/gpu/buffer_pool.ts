/** GPUBufferUsage by the specification: memory is also counted where there is no WebGPU. */
export const bufferUsage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;

/** Sizes are multiples of this many bytes. */
export const granuleBytes = 256;

/** An idle buffer serves whoever needs no less than this share of it. */
const usefulShare = 8 / 9;

/** Most bytes in buffers that nobody uses. */
const mostIdleBytes = 2 ** 30;

/** What memory is used for, by the labels of buffers. */
const uses = [
  ["weights", /^(weights|scales|rounded)\./],
  ["gradients", /^dweights\./],
  ["AdamW's two moments", /^exp_avg/],
  ["keys and values", /^cache\./],
  ["activations", / activations$/],
] as const;
const otherUse = "everything else";
const useOf = (label: string): string => uses.find(([, pattern]) => pattern.test(label))?.[0] ?? otherUse;

/** The most that buffers have taken of the device's memory, and what they were used for then. */
export interface MemoryPeak {
  bytes: number;
  uses: ReadonlyMap<string, number>;
}

/** All buffers that a device computes with. Those given back are kept for others of nearly their size. */
export class BufferPool {
  /** Buffers that nobody uses, the one given back first in front. */
  readonly #idle = new Set<GPUBuffer>();
  readonly #usedFor = new Map<string, number>();
  #idleBytes = 0;
  #allocatedBytes = 0;
  #peak: MemoryPeak = { bytes: 0, uses: new Map() };

  constructor(readonly device: Pick<GPUDevice, "createBuffer" | "queue">) {}

  /** Idle buffers are counted too. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  get peak(): MemoryPeak {
    return this.#peak;
  }

  /** A buffer to compute with; give it back with `release`. */
  allocate(bytes: number, label: string): GPUBuffer {
    const sizeBytes = Math.max(1, Math.ceil(bytes / granuleBytes)) * granuleBytes;
    const idle = this.#idleFor(sizeBytes);
    if (idle) {
      this.#idle.delete(idle);
      this.#idleBytes -= idle.size;
      idle.label = label;
      this.#count(idle, 1);
      return idle;
    }
    // What is idle is no reason to need more than ever before.
    for (const buffer of this.#idle) {
      if (this.#allocatedBytes + sizeBytes <= this.#peak.bytes) break;
      this.#destroyIdle(buffer);
    }
    const { storage, copySource, copyTarget } = bufferUsage;
    return this.#create({ label, size: sizeBytes, usage: storage | copySource | copyTarget });
  }

  /** Idle buffers are kept up to a bound: sizes that never come again would fill the card. */
  release(buffer: GPUBuffer): void {
    // Two would be given it, and write over each other.
    if (this.#idle.has(buffer)) throw new Error(`The buffer ${buffer.label} was given back before`);
    this.#count(buffer, -1);
    this.#idle.add(buffer);
    this.#idleBytes += buffer.size;
    for (const oldest of this.#idle) {
      if (this.#idleBytes <= mostIdleBytes) break;
      this.#destroyIdle(oldest);
    }
  }

  /** A buffer of uniforms with these bytes; end it with `destroyUniforms`. */
  createUniforms(label: string, bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
    const { uniform, copyTarget } = bufferUsage;
    const buffer = this.#create({ label, size: bytes.byteLength, usage: uniform | copyTarget });
    this.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }

  destroyUniforms(buffer: GPUBuffer): void {
    this.#count(buffer, -1);
    this.#allocatedBytes -= buffer.size;
    buffer.destroy();
  }

  /** The smallest idle buffer of at least this size that is not much larger. */
  #idleFor(sizeBytes: number): GPUBuffer | undefined {
    let found: GPUBuffer | undefined;
    for (const buffer of this.#idle)
      if (buffer.size >= sizeBytes && sizeBytes >= usefulShare * buffer.size && !(found && found.size <= buffer.size))
        found = buffer;
    return found;
  }

  #create(descriptor: GPUBufferDescriptor & { label: string }): GPUBuffer {
    const buffer = this.device.createBuffer(descriptor);
    this.#allocatedBytes += buffer.size;
    this.#count(buffer, 1);
    return buffer;
  }

  #destroyIdle(buffer: GPUBuffer): void {
    this.#idle.delete(buffer);
    this.#idleBytes -= buffer.size;
    this.#allocatedBytes -= buffer.size;
    buffer.destroy();
  }

  /** Counts a buffer that is in use from now on, or no more. */
  #count({ label, size }: GPUBuffer, sign: 1 | -1): void {
    const use = useOf(label);
    this.#usedFor.set(use, (this.#usedFor.get(use) ?? 0) + sign * size);
    if (this.#allocatedBytes > this.#peak.bytes)
      this.#peak = { bytes: this.#allocatedBytes, uses: new Map([...this.#usedFor, ["idle", this.#idleBytes]]) };
  }
}
