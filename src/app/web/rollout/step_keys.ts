import { useLayoutEffect, useRef } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { nextTool, nextTurn, previousTool, previousTurn, type Unit } from "./token_units.ts";

/** The cursor's way through a rollout, by keys too. @returns moves it to a unit; beyond the ends: to the end */
export function useStepKeys(
  { rollout, siblings }: Chosen,
  units: readonly Unit[],
  cursor: number,
): (to: number) => void {
  const { store } = usePage();
  // Keys may come faster than the page renders.
  const latest = useRef(cursor);
  latest.current = cursor;
  const move = (to: number): void => {
    latest.current = Math.min(units.length - 1, Math.max(0, to));
    const at = units[latest.current];
    if (at) store.cursor.value = { rollout: rollout.id, tokens: at.first + at.tokens };
  };
  const goSibling = (by: number): void => {
    // Keys may come faster than the page renders, here too.
    const pinned = siblings.findIndex((sibling) => sibling.id === store.pinned.peek());
    const at = pinned >= 0 ? pinned : siblings.findIndex((sibling) => sibling.id === rollout.id);
    const sibling = siblings[(at + by + siblings.length) % siblings.length];
    if (sibling) store.pinned.value = sibling.id;
  };
  // A layout effect: in an effect after the paint, a key pressed as soon as the view is visible would be lost.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
      const at = latest.current;
      const action = {
        ArrowRight: () => move(event.shiftKey ? nextTurn(units, at) : at + 1),
        ArrowLeft: () => move(event.shiftKey ? previousTurn(units, at) : at - 1),
        t: () => move(nextTool(units, at)),
        T: () => move(previousTool(units, at)),
        Home: () => move(0),
        End: () => move(units.length - 1),
        "[": () => goSibling(-1),
        "]": () => goSibling(1),
      }[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return move;
}

/** Fields and sliders use these keys themselves; so does what says that it does. */
const takesKeys = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable], [data-keys]") !== null;
