import { useLayoutEffect, useRef } from "preact/hooks";
import { rootOf } from "../../worker_api/branch_api.ts";
import { type Among, otherRollout } from "../run/other_rollouts.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { openPanel } from "./open_panel.ts";
import { panels } from "./panels.tsx";
import { nextTool, nextTurn, previousTool, previousTurn, type Unit } from "./token_units.ts";

/** Where keys can lead. */
interface Ways {
  units: readonly Unit[];
  /** The cursor. */
  at: number;
  move(to: number): void;
  go(among: Among, by: number): void;
  help(): void;
}

/** Keys of the step view, in the order in which the list shows them. */
interface Binding {
  /** As they are printed on keyboards. */
  keys: readonly string[];
  /** What they go to, in a word or two. */
  to: string;
  /** The same as a list of keys says it. */
  does: string;
  /** By KeyboardEvent.key; with "Shift+" where that is not a letter's. */
  actions: Readonly<Record<string, (ways: Ways) => void>>;
}

export const bindings: readonly Binding[] = [
  {
    keys: ["←", "→"],
    to: "token",
    does: "previous token, next token",
    actions: { ArrowLeft: ({ move, at }) => move(at - 1), ArrowRight: ({ move, at }) => move(at + 1) },
  },
  {
    keys: ["⇧←", "⇧→"],
    to: "turn",
    does: "end of the previous turn, of the next turn",
    actions: {
      "Shift+ArrowLeft": ({ move, units, at }) => move(previousTurn(units, at)),
      "Shift+ArrowRight": ({ move, units, at }) => move(nextTurn(units, at)),
    },
  },
  {
    keys: ["⇧T", "T"],
    to: "tool",
    does: "previous tool result, next tool result",
    actions: {
      T: ({ move, units, at }) => move(previousTool(units, at)),
      t: ({ move, units, at }) => move(nextTool(units, at)),
    },
  },
  {
    keys: ["Home", "End"],
    to: "start, end",
    does: "first token, last token",
    actions: { Home: ({ move }) => move(0), End: ({ move, units }) => move(units.length - 1) },
  },
  {
    keys: ["[", "]"],
    to: "sibling",
    does: "previous rollout of this task, next rollout",
    actions: { "[": ({ go }) => go("siblings", -1), "]": ({ go }) => go("siblings", 1) },
  },
  {
    keys: ["K", "J"],
    to: "task",
    does: "previous task of this step, next task",
    actions: { k: ({ go }) => go("tasks", -1), j: ({ go }) => go("tasks", 1) },
  },
  {
    keys: ["P", "N"],
    to: "step",
    does: "previous step with stored rollouts, next one",
    actions: { p: ({ go }) => go("steps", -1), n: ({ go }) => go("steps", 1) },
  },
  { keys: ["?"], to: "all keys", does: "this list", actions: { "?": ({ help }) => help() } },
];

const actions: Binding["actions"] = Object.assign({}, ...bindings.map((binding) => binding.actions));

/** What a key does; the name of a letter that has no binding of its own with Shift is the small one. */
const actionOf = ({ key, shiftKey }: KeyboardEvent): ((ways: Ways) => void) | undefined =>
  actions[shiftKey && key.length > 1 ? `Shift+${key}` : key] ?? actions[key] ?? actions[key.toLowerCase()];

/**
 * The cursor's way through a rollout, and the way to other rollouts, by keys too.
 * @returns moves the cursor to a unit; beyond the ends: to the end
 */
export function useStepKeys(
  chosen: Chosen,
  units: readonly Unit[],
  cursor: number,
  help: () => void,
): (to: number) => void {
  const { store, control } = usePage();
  const { rollout } = chosen;
  // Keys may come faster than the page renders.
  const latest = useRef(cursor);
  latest.current = cursor;
  const move = (to: number): void => {
    latest.current = Math.min(units.length - 1, Math.max(0, to));
    const at = units[latest.current];
    if (at) store.cursor.value = { rollout: rollout.id, tokens: at.first + at.tokens };
  };
  const go = (among: Among, by: number): void => {
    // Keys may come faster than the page renders, here too.
    const from = store.chosen.peek()?.rollout ?? rollout;
    const steps = store.replay.peek() ? control.replay.steps : store.steps.peek();
    // From a branch on: from the rollout that it left.
    const other = otherRollout(steps, { ...from, id: rootOf(from.id) }, among, by);
    if (!other) return;
    if (store.replay.peek()) control.replay.reach(other.step);
    store.pinned.value = other.id;
  };
  // A layout effect: in an effect after the paint, a key pressed as soon as the view is visible would be lost.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
      const action = actionOf(event);
      const panel = panels.find(({ key }) => key?.toLowerCase() === event.key.toLowerCase());
      if (!action && !panel) return;
      event.preventDefault();
      if (action) action({ units, at: latest.current, move, go, help });
      else if (panel) openPanel(store, panel.name);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return move;
}

/** Fields, sliders and dialogs use these keys themselves; so does what says that it does. */
const takesKeys = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input, select, textarea, dialog, [contenteditable], [data-keys]") !== null;
