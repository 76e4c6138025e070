import { type Signal, signal } from "@preact/signals";

const query = matchMedia("(max-width: 820px)");

/** Whether the page has room for one column only; base.css has the same width. */
export const narrow: Signal<boolean> = signal(query.matches);

query.addEventListener("change", () => {
  narrow.value = query.matches;
});
