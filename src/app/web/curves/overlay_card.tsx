import { usePage } from "../run/page_context.ts";
import { Charts } from "./curves.tsx";

/** The curves of the chosen stored runs alone; nothing where none is chosen. */
export function OverlayCard() {
  const { store } = usePage();
  return store.overlaid.value.length === 0 ? null : <Charts withShown={false} />;
}
