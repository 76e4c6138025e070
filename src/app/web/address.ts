import { effect } from "@preact/signals";
import { recordings } from "./recordings.ts";
import type { RunControl } from "./run_control.ts";
import type { Store } from "./store.ts";
import { differences, readUrl, writeUrl } from "./url_state.ts";

/** Sets the store from the page's address and keeps the address up to date from then on. */
export function followAddress(store: Store, control: RunControl): void {
  const { state, messages } = readUrl(location.search);
  store.changes.value = differences({ ...store.changes.value, ...state.changes });
  store.tab.value = state.tab;
  store.pinned.value = state.rollout;
  for (const message of messages) store.notices.add("error", message);
  store.traced.value = state.others.some(([key]) => key === "trace");
  if (state.run !== null) {
    const { rollout, tab } = state;
    const recording = recordings.find(({ link }) => link === state.run);
    void (recording ? control.watch(recording) : control.openStored(state.run)).then(() => {
      store.tab.value = tab;
      store.pinned.value = rollout;
    });
  }
  effect(() => {
    const search = writeUrl({
      changes: store.changes.value,
      tab: store.tab.value,
      rollout: store.pinned.value,
      run: store.replay.value?.link ?? null,
      others: state.others,
    });
    if (search !== location.search) history.replaceState(history.state, "", search + location.hash);
  });
}
