import type { Plan } from "./plan.ts";

/** A recorded plan, with what its owner fills before it runs. */
export interface Recorded {
  plan: Plan;
}

interface Limits {
  /** Plans that are kept at most. */
  count: number;
  /** Bytes of their own tensors, all together; the one that was asked for last stays whatever it takes. */
  bytes?: number;
}

/**
 * Recorded plans by their sizes. Sizes come back: of pictures, and while a model learns to call a tool; those that were used longest
 * ago are given up. What a plan holds on the device is little, since plans share their activations' buffers.
 */
export class PlanCache<T extends Recorded> {
  /** The one used last at the end. */
  readonly #plans = new Map<string, T>();
  readonly #limits: Required<Limits>;
  /** Plans that were recorded so far. */
  recorded = 0;

  constructor({ count, bytes = Number.POSITIVE_INFINITY }: Limits) {
    this.#limits = { count, bytes };
  }

  get(key: string, record: () => T): T {
    let found = this.#plans.get(key);
    if (!found) {
      found = record();
      this.recorded++;
    }
    this.#plans.delete(key);
    this.#plans.set(key, found);
    const { count, bytes: most } = this.#limits;
    let bytes = 0;
    if (most < Number.POSITIVE_INFINITY) for (const { plan } of this.#plans.values()) bytes += plan.sizeBytes;
    for (const [oldest, { plan }] of this.#plans) {
      if (oldest === key || (this.#plans.size <= count && bytes <= most)) break;
      bytes -= plan.sizeBytes;
      plan.free();
      this.#plans.delete(oldest);
    }
    return found;
  }

  /** Gives up all plans. */
  free(): void {
    for (const { plan } of this.#plans.values()) plan.free();
    this.#plans.clear();
  }
}
