import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Store } from "./store.ts";

/** What somebody who is here for the first time may do next, in this order: after Start, which the page itself shows. */
export const firstSteps = ["open a rollout", "step through it", "change one thing"] as const;
export type FirstStep = (typeof firstSteps)[number];

const key = "saccade.first-steps";

/** Hints on what to press next, until it was pressed once in this browser. */
export class FirstSteps {
  readonly #done: Signal<ReadonlySet<FirstStep>>;
  /** The step whose hint stands on the page; null where there is nothing more, or not yet. */
  readonly next: ReadonlySignal<FirstStep | null>;

  constructor(store: Store) {
    this.#done = signal(read());
    this.next = computed(() => {
      const step = firstSteps.find((one) => !this.#done.value.has(one));
      // Each needs what the one before it shows.
      const possible: Record<FirstStep, () => boolean> = {
        "open a rollout": () => store.record.value?.groups.some((group) => group !== null) ?? false,
        "step through it": () => store.pinned.value !== null,
        "change one thing": () => store.player.value === "over",
      };
      return step && possible[step]() ? step : null;
    });
    effect(() => {
      if (store.pinned.value !== null) this.#add("open a rollout");
    });
    effect(() => {
      if (store.tab.value === "step" && store.record.value !== null) this.#add("open a rollout", "step through it");
    });
    effect(() => {
      if (store.previous.value !== null) this.#add("change one thing");
    });
  }

  /** No more hints. */
  dismiss(): void {
    this.#add(...firstSteps);
  }

  #add(...steps: FirstStep[]): void {
    const before = this.#done.peek();
    if (steps.every((step) => before.has(step))) return;
    this.#done.value = new Set([...before, ...steps]);
    try {
      localStorage.setItem(key, JSON.stringify([...this.#done.value]));
    } catch {
      // Full or forbidden: it lasts as long as the page.
    }
  }
}

function read(): ReadonlySet<FirstStep> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(kept) ? firstSteps.filter((step) => kept.includes(step)) : []);
  } catch {
    return new Set();
  }
}
