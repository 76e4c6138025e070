// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be laid out by place
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names its row (aria-activedescendant)
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: a grid takes the focus
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { ListControl, ShownList } from "./list_control.ts";
import { ListHead } from "./list_head.tsx";
import { ListRowLine, rowPx } from "./list_row_line.tsx";

/** What stands around the rows; list.css has the same. */
const headPx = 32;
const borderPx = 2;
/** Rows above and below those that are seen. */
const around = 8;
/** Browsers end an element's height at some ten million pixels. */
const mostRows = 200_000;

/** The rows that are seen, of any number of them. */
export function ListTable({ list, shown }: { list: ListControl; shown: ShownList }) {
  const { store, marks } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const [at, setAt] = useState(0);
  const listed = Math.min(shown.found, mostRows);
  const cursor = Math.min(at, Math.max(0, listed - 1));
  const first = Math.max(0, Math.floor(seen.top / rowPx) - around);
  const last = Math.min(listed, Math.ceil((seen.top + seen.height) / rowPx) + around);
  const look = (): void => {
    // A list that has gone may still be told that it was scrolled.
    if (!box.current) return;
    const { scrollTop, clientHeight } = box.current;
    setSeen({ top: scrollTop, height: clientHeight });
    list.see(Math.floor(scrollTop / rowPx), Math.ceil((scrollTop + clientHeight) / rowPx));
  };
  useLayoutEffect(() => {
    look();
    const watch = new ResizeObserver(look);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  // Another list begins at its top.
  const filter = `${store.find.value}\n${store.sorting.value}`;
  const before = useRef(filter);
  useLayoutEffect(() => {
    if (before.current === filter) return;
    before.current = filter;
    setAt(0);
    box.current!.scrollTop = 0;
  }, [filter]);
  const go = (to: number): void => {
    const place = Math.min(listed - 1, Math.max(0, to));
    if (place < 0) return;
    setAt(place);
    const { scrollTop, clientHeight } = box.current!;
    const top = place * rowPx;
    if (top < scrollTop) box.current!.scrollTop = top;
    else if (top + rowPx > scrollTop + clientHeight - headPx)
      box.current!.scrollTop = top + rowPx - clientHeight + headPx;
    void list.rowAt(place).then((row) => row && list.choose(row));
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(seen.height / rowPx) - 2);
    const to = {
      ArrowDown: cursor + 1,
      ArrowUp: cursor - 1,
      PageDown: cursor + page,
      PageUp: cursor - page,
      Home: 0,
      End: listed - 1,
      " ": cursor,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      go(to);
    } else if (event.key === "Enter") {
      event.preventDefault();
      void list.rowAt(cursor).then((row) => {
        if (!row) return;
        void list.choose(row);
        store.tab.value = "step";
      });
    }
  };
  const places = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  return (
    <>
      <div
        ref={box}
        class="rows"
        role="grid"
        aria-label={`Rollouts, ${count(shown.found)} of ${count(shown.total)}`}
        aria-rowcount={shown.found + 1}
        aria-activedescendant={listed > 0 ? `row-${cursor}` : undefined}
        tabIndex={0}
        data-keys
        style={{ maxHeight: `${headPx + listed * rowPx + borderPx}px` }}
        onScroll={look}
        onKeyDown={onKeyDown}
      >
        <ListHead />
        <div class="space" role="rowgroup" style={{ height: `${listed * rowPx}px` }}>
          {places.map((place) => {
            const row = list.row(place);
            return (
              <ListRowLine
                key={place}
                place={place}
                row={row && { ...row, mark: marks.marks.value.get(row.id) ?? null }}
                isAt={place === cursor}
                isChosen={row !== null && row.id === store.pinned.value}
                onChoose={() => go(place)}
                onOpen={() => {
                  go(place);
                  store.tab.value = "step";
                }}
              />
            );
          })}
        </div>
      </div>
      {shown.found === 0 && <p class="soft">No rollout of the {count(shown.total)} is like that.</p>}
      {shown.found > mostRows && (
        <p class="soft small">The first {count(mostRows)} are listed; filter them, or sort them otherwise.</p>
      )}
    </>
  );
}
