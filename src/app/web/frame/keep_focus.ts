/** What a keyboard can go to. */
const reachable = ":is(a[href], button, input, select, textarea, summary):not(:disabled)";

/**
 * Keeps the keyboard's place. A button that is disabled or taken away by what it does loses the focus, and the next key
 * would begin at the top of the page: a disabled one gets it back, and of what is gone the nearest place that is left
 * has it.
 * @returns ends it
 */
export function keepFocus(): () => void {
  let last: HTMLElement | null = null;
  /** Where it stands, the nearest first. */
  let above: HTMLElement[] = [];
  const remember = (element: HTMLElement): void => {
    last = element;
    above = [];
    for (let next = element.parentElement; next && next !== document.body; next = next.parentElement) above.push(next);
  };
  const onIn = ({ target }: FocusEvent): void => {
    if (target instanceof HTMLElement) remember(target);
  };
  const onOut = ({ relatedTarget }: FocusEvent): void => {
    // On its way to another place; what is rendered before it is there must not call it back.
    if (relatedTarget !== null) {
      last = null;
      return;
    }
    const left = last;
    // Once it is known whether it is still there: who goes elsewhere by will has let go of it.
    queueMicrotask(() => {
      if (left === last && left?.isConnected && !left.matches(":disabled")) last = null;
    });
  };
  const restore = (): void => {
    if (!last || (document.activeElement !== document.body && document.activeElement !== null)) return;
    if (!last.isConnected) {
      const nearest = above.flatMap((element) => (element.isConnected ? (next(element) ?? []) : []))[0];
      if (!nearest) return;
      remember(nearest);
    }
    // Without effect on what is disabled; it comes here again when it is not.
    last.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(restore);
  observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  // Before listeners of the page, which may render in their microtasks.
  addEventListener("focusin", onIn, true);
  addEventListener("focusout", onOut, true);
  return () => {
    observer.disconnect();
    removeEventListener("focusin", onIn, true);
    removeEventListener("focusout", onOut, true);
  };
}

/** The main button of a place, also where it cannot be pressed yet; else the first thing that a key can reach. */
const next = (place: HTMLElement): HTMLElement | null =>
  place.querySelector<HTMLElement>("button.go") ?? place.querySelector<HTMLElement>(reachable);
