import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** So far outside of the window things are drawn already: a person who scrolls finds them there. */
const marginPx = 300;

/** So many are drawn, or let go, in one task of the page: one scroll may bring a dozen rows of many cells each. */
const mostAtOnce = 2;

type OnChange = (isNear: boolean, heightPx: number) => void;

const callbacks = new WeakMap<Element, OnChange>();
/** What has come near or gone, and was not reported yet. */
const waiting = new Map<Element, IntersectionObserverEntry>();
let isNotifying = false;

/** In turn, those that have come near before those that have gone. */
function notifySome(): void {
  const all = [...waiting].sort(([, a], [, b]) => Number(b.isIntersecting) - Number(a.isIntersecting));
  for (const [element, { isIntersecting, boundingClientRect }] of all.slice(0, mostAtOnce)) {
    waiting.delete(element);
    callbacks.get(element)?.(isIntersecting, boundingClientRect.height);
  }
  isNotifying = waiting.size > 0;
  if (isNotifying) setTimeout(notifySome);
}

let watcher: IntersectionObserver | null = null;

/** One for the page: hundreds of rows may be watched. */
function watch(element: Element, onChange: OnChange): () => void {
  watcher ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) waiting.set(entry.target, entry);
      if (!isNotifying) notifySome();
    },
    // The window of this document: in a frame the margin would count for nothing otherwise.
    { root: document, rootMargin: `${marginPx}px 0px` },
  );
  const watching = watcher;
  callbacks.set(element, onChange);
  watching.observe(element);
  return () => {
    watching.unobserve(element);
    callbacks.delete(element);
    waiting.delete(element);
  };
}

/**
 * Whether an element is in the window or near it, so that what is far away need not be drawn. `heightPx`: as it was when it
 * was drawn last, so that nothing moves once it no longer is.
 * @param first  what it is taken for until that is known
 */
export function useNear<T extends HTMLElement>(
  first: boolean,
): { ref: RefObject<T | null>; isNear: boolean; heightPx: number | null } {
  const ref = useRef<T>(null);
  const [isNear, setNear] = useState(first);
  const heightPx = useRef<number | null>(null);
  useEffect(
    () =>
      watch(ref.current!, (now, height) => {
        // As it was measured: to ask the element would have the page laid out once for each.
        if (!now) heightPx.current = height;
        setNear(now);
      }),
    [],
  );
  return { ref, isNear, heightPx: isNear ? null : heightPx.current };
}
