import type { Store } from "../run/store.ts";

/** Opens a panel and goes there with the focus. */
export function openPanel(store: Store, name: string): void {
  store.panels.value = { ...store.panels.peek(), [name]: true };
  const summary = document.querySelector<HTMLElement>(`#panel-${name} > summary`);
  summary?.focus();
}
