import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** An element's width in CSS pixels as it changes; 0 before it is laid out. */
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const host = element.current;
    if (!host) return;
    setWidth(host.clientWidth);
    const resize = new ResizeObserver(() => setWidth(host.clientWidth));
    resize.observe(host);
    return () => resize.disconnect();
  }, []);
  return [element, width];
}

/** A chart and the gap beside it; two stand side by side on a phone. */
const leastPx = 212;
const leastOnPhonesPx = 180;

/** Columns for so many charts: as many rows as are needed at least, filled as evenly as can be. */
export function columnsFor(charts: number, widthPx: number): number {
  const most = Math.max(1, Math.floor((widthPx + 12) / (widthPx < 520 ? leastOnPhonesPx : leastPx)));
  const rows = Math.max(1, Math.ceil(charts / most));
  return Math.max(1, Math.ceil(charts / rows));
}
