import type { Store, Tab } from "./store.ts";
import { type Look, linkedFile, writeUrl } from "./url_state.ts";

/** What is looked at now, as a link says it. */
export function lookOf(store: Store): Look {
  const replay = store.replay.value;
  const tab = store.tab.value;
  const pinned = store.pinned.value;
  const chosenStep = store.chosenStep.value;
  const stepping = tab === "step" ? (store.chosen.value?.rollout.id ?? null) : null;
  const rollout = pinned ?? stepping;
  const cursor = store.cursor.value;
  const token = cursor !== null && cursor.rollout === rollout && tab === "step" ? cursor.tokens : null;
  const panels = store.panels.value;
  const overlay = store.overlaid.value;
  const find = store.find.value;
  const sort = store.sorting.value;
  if (!replay) {
    const wanted = store.wantedFile.value;
    if (wanted) return { ...wanted.look, tab, overlay };
    // A live run is named where something of it is looked at: a reload shows that, and otherwise offers to go on.
    const looked = rollout !== null || chosenStep !== null || (tab === "rollouts" && find !== "");
    const run = looked ? store.storedAs.value : null;
    const at = run === null ? null : store.live.value.step;
    return { tab, run, step: chosenStep, at, task: null, rollout, token, find, sort, panels, overlay };
  }
  const { state, steps, playing, link } = replay;
  // A step that goes by is not what someone looks at.
  const shown = playing ? null : Math.min(state.step, steps);
  const named = chosenStep ?? (shown === steps ? null : shown);
  const at = shown === null || shown === named || (named === null && rollout === null) ? null : shown;
  return { tab, run: link, step: named, at, task: null, rollout, token, find, sort, panels, overlay };
}

/** A link to the rollout that is shown, or to one of its tokens, counted with those before it. */
export function linkTo(
  store: Store,
  page: { origin: string; pathname: string },
  token: number | null,
  tab: Tab = "step",
): string {
  const rollout = store.chosen.value?.rollout.id ?? null;
  const look = { ...lookOf(store), tab, rollout: tab === "step" ? rollout : lookOf(store).rollout, token };
  // A live run is named as it will be stored, wherever one looks.
  const run = look.run ?? store.storedAs.value;
  return page.origin + page.pathname + writeUrl({ ...look, run, changes: store.changes.value, others: [] });
}

/** What someone with the link needs beside it, in one sentence; null where the link is enough. */
export function neededBeside(store: Store): string | null {
  const { replay, storedAs } = store;
  const branched = store.chosen.value?.branch !== undefined;
  if (branched && replay.value?.origin === "recording")
    return "Branches are kept in this browser: elsewhere the link leads to the rollout that this one left; Save as HTML has both";
  if (replay.value?.origin === "recording") return null;
  const file = replay.value ? linkedFile(replay.value.link) : null;
  if (file !== null) return `Elsewhere the link asks for the file ${file}`;
  const run = replay.value?.name ?? storedAs.value;
  return run === null
    ? "This run is not stored, so a link cannot lead to it"
    : `The run ${run} is kept in this browser: elsewhere the link asks for its log, which Runs saves as a file`;
}
