import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** So far outside of the window things are drawn already: a person who scrolls finds them there. */
const marginPx = 300;

const told = new WeakMap<Element, (isNear: boolean) => void>();
let watcher: IntersectionObserver | null = null;

/** One for the page: hundreds of rows may be watched. */
function watch(element: Element, tell: (isNear: boolean) => void): () => void {
  watcher ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) told.get(target)?.(isIntersecting);
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
      watch(ref.current!, (now) => {
        if (!now) heightPx.current = ref.current?.offsetHeight ?? null;
        setNear(now);
      }),
    [],
  );
  return { ref, isNear, heightPx: isNear ? null : heightPx.current };
}
