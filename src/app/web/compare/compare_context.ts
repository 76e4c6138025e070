import { usePage } from "../run/page_context.ts";
import type { Store } from "../run/store.ts";
import { CompareControl } from "./compare_control.ts";

/** One a page, made with the first look: what was rolled outlives the view. */
const controls = new WeakMap<Store, CompareControl>();

export function useCompare(): CompareControl {
  const { store, control } = usePage();
  const known = controls.get(store) ?? new CompareControl(control.api, store);
  controls.set(store, known);
  return known;
}
