/** Values of GPUBufferUsage from the specification: memory is also counted where there is no WebGPU. */
export const bufferUsage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const;

/** Buffer sizes are multiples of this many bytes. */
export const granuleBytes = 256;

/** An idle buffer is reused only for requests of at least this share of its size; small ones cost more to make than they hold. */
const usefulShare = 8 / 9;
const usefulShareOfSmall = 1 / 4;
const smallBytes = 2 ** 20;

/** Most bytes kept in idle buffers. */
const mostIdleBytes = 2 ** 30;

/** Uses of memory, recognised by buffer labels. */
const uses = [
  ["weights", /^(weights|scales|rounded)\./],
  ["gradients", /^dweights\./],
  ["AdamW's two moments", /^exp_avg/],
  ["keys and values", /^cache\./],
  ["activations", / activations$/],
  ["pictures", /^pictures/],
] as const;
const otherUse = "everything else";
const useOf = (label: string): string => uses.find(([, pattern]) => pattern.test(label))?.[0] ?? otherUse;

/** The most bytes allocated so far, and what they were used for at that time. */
export interface MemoryPeak {
  bytes: number;
  uses: ReadonlyMap<string, number>;
}

/** All buffers of a device. Released ones stay allocated for requests of nearly their size. */
export class BufferPool {
  /** Idle buffers, the one released first in front. */
  readonly #idle = new Set<GPUBuffer>();
  /** Kept here because with Dawn each look at a buffer's size is a call. */
  readonly #bytes = new WeakMap<GPUBuffer, number>();
  readonly #usedFor = new Map<string, number>();
  #idleBytes = 0;
  #allocatedBytes = 0;
  #peak: MemoryPeak = { bytes: 0, uses: new Map() };

  constructor(readonly device: Pick<GPUDevice, "createBuffer" | "queue">) {}

  /** Idle buffers included. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  get peak(): MemoryPeak {
    return this.#peak;
  }

  /** The size of a buffer that was allocated here. */
  bytesOf(buffer: GPUBuffer): number {
    return this.#bytes.get(buffer) ?? buffer.size;
  }

  /** A storage buffer of at least this size; `release` it after use. */
  allocate(bytes: number, label: string): GPUBuffer {
    const sizeBytes = Math.max(1, Math.ceil(bytes / granuleBytes)) * granuleBytes;
    const idle = this.#idleFor(sizeBytes);
    if (idle) {
      this.#idle.delete(idle);
      this.#idleBytes -= this.bytesOf(idle);
      idle.label = label;
      this.#count(idle, 1);
      return idle;
    }
    // Destroy idle buffers before the total exceeds its peak.
    for (const buffer of this.#idle) {
      if (this.#allocatedBytes + sizeBytes <= this.#peak.bytes) break;
      this.#destroyIdle(buffer);
    }
    const { storage, copySource, copyTarget } = bufferUsage;
    return this.#create({ label, size: sizeBytes, usage: storage | copySource | copyTarget });
  }

  /** Idle buffers are kept up to a bound: sizes that are never requested again would fill the card. */
  release(buffer: GPUBuffer): void {
    // Otherwise two users would get it, and overwrite each other.
    if (this.#idle.has(buffer)) throw new Error(`The buffer ${buffer.label} was released before`);
    this.#count(buffer, -1);
    this.#idle.add(buffer);
    this.#idleBytes += this.bytesOf(buffer);
    for (const oldest of this.#idle) {
      if (this.#idleBytes <= mostIdleBytes) break;
      this.#destroyIdle(oldest);
    }
  }

  /** A uniform buffer with these bytes; `destroyUniforms` ends it. */
  createUniforms(label: string, bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
    const { uniform, copyTarget } = bufferUsage;
    const buffer = this.#create({ label, size: bytes.byteLength, usage: uniform | copyTarget });
    this.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }

  destroyUniforms(buffer: GPUBuffer): void {
    this.#count(buffer, -1);
    this.#allocatedBytes -= this.bytesOf(buffer);
    buffer.destroy();
  }

  /** The smallest idle buffer of at least this size, within `usefulShare`. */
  #idleFor(sizeBytes: number): GPUBuffer | undefined {
    let found: GPUBuffer | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const buffer of this.#idle) {
      const bytes = this.bytesOf(buffer);
      const share = bytes <= smallBytes ? usefulShareOfSmall : usefulShare;
      if (bytes < sizeBytes || sizeBytes < share * bytes || bytes >= least) continue;
      found = buffer;
      least = bytes;
    }
    return found;
  }

  #create(descriptor: GPUBufferDescriptor & { label: string }): GPUBuffer {
    const buffer = this.device.createBuffer(descriptor);
    this.#bytes.set(buffer, descriptor.size);
    this.#allocatedBytes += descriptor.size;
    this.#count(buffer, 1);
    return buffer;
  }

  #destroyIdle(buffer: GPUBuffer): void {
    this.#idle.delete(buffer);
    this.#idleBytes -= this.bytesOf(buffer);
    this.#allocatedBytes -= this.bytesOf(buffer);
    buffer.destroy();
  }

  /** Counts a buffer that comes into use (1) or goes out of use (-1). */
  #count(buffer: GPUBuffer, sign: 1 | -1): void {
    const use = useOf(buffer.label);
    this.#usedFor.set(use, (this.#usedFor.get(use) ?? 0) + sign * this.bytesOf(buffer));
    if (this.#allocatedBytes > this.#peak.bytes)
      this.#peak = { bytes: this.#allocatedBytes, uses: new Map([...this.#usedFor, ["idle", this.#idleBytes]]) };
  }
}
