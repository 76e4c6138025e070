import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** So far outside of the window things are drawn already: a person who scrolls finds them there. */
const marginPx = 300;

/** So many are drawn, or let go, in one task of the page: one scroll may bring a dozen rows of many cells each. */
const mostAtOnce = 2;

type Tell = (isNear: boolean, heightPx: number) => void;

const told = new WeakMap<Element, Tell>();
/** What has come near or gone, and was not told yet. */
const waiting = new Map<Element, IntersectionObserverEntry>();
let isTelling = false;

/** In turn, those that have come near before those that have gone. */
function tellSome(): void {
  const all = [...waiting].sort(([, a], [, b]) => Number(b.isIntersecting) - Number(a.isIntersecting));
  for (const [element, { isIntersecting, boundingClientRect }] of all.slice(0, mostAtOnce)) {
    waiting.delete(element);
    told.get(element)?.(isIntersecting, boundingClientRect.height);
  }
  isTelling = waiting.size > 0;
  if (isTelling) setTimeout(tellSome);
}

let watcher: IntersectionObserver | null = null;

/** One for the page: hundreds of rows may be watched. */
function watch(element: Element, tell: Tell): () => void {
  watcher ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) waiting.set(entry.target, entry);
      if (!isTelling) tellSome();
    },
    // The window of this document: in a frame the margin would count for nothing otherwise.
    { root: document, rootMargin: `${marginPx}px 0px` },
  );
  const watching = watcher;
  told.set(element, tell);
  watching.observe(element);
  return () => {
    watching.unobserve(element);
    told.delete(element);
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
