import type { Store } from "./store.ts";

/** Resolves once the page does nothing that would collide with another thing. */
export function idle({ busy }: Pick<Store, "busy">): Promise<void> {
  if (busy.peek() === null) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = busy.subscribe((doing) => {
      if (doing !== null) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}
