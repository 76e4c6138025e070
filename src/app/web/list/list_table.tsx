// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be laid out by place
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names its row (aria-activedescendant)
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: a grid takes the focus
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type NumberField, parseSorting, type Sorting, sortingText } from "../../rollout_list/fields.ts";
import type { ListRow } from "../../rollout_list/list_row.ts";
import { count, figure, signed } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { ListControl, ShownList } from "./list_control.ts";
import { answerText, outcomeColour, outcomeLabel, outcomeLetter } from "./row_words.ts";

/** Of every row: places follow from how far the list is scrolled. */
const rowPx = 46;
/** Rows above and below those that are seen. */
const around = 8;
/** Browsers end an element's height at some ten million pixels. */
const mostRows = 200_000;

interface Heading {
  name: string;
  title: string;
  field: NumberField | null;
  kind: string;
}

const headings: readonly Heading[] = [
  { name: "", title: "", field: null, kind: "of-outcome" },
  { name: "Rollout", title: "step, task and rollout, counted from 1", field: "step", kind: "of-place" },
  { name: "Question and answer", title: "", field: null, kind: "of-words" },
  { name: "Reward", title: "what it was paid", field: "reward", kind: "of-number" },
  { name: "Adv.", title: "advantage: the reward beside its group’s", field: "advantage", kind: "of-number" },
  { name: "Zooms", title: "calls of tools that were carried out", field: "zooms", kind: "of-number narrow" },
  { name: "IoU", title: "best overlap of a zoom with the gold box", field: "iou", kind: "of-number wide-only" },
  { name: "Tokens", title: "tokens that the model sampled", field: "tokens", kind: "of-number wide-only" },
];

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
    const headPx = headRef.current?.offsetHeight ?? 0;
    const top = place * rowPx;
    if (top < scrollTop) box.current!.scrollTop = top;
    else if (top + rowPx > scrollTop + clientHeight - headPx)
      box.current!.scrollTop = top + rowPx - clientHeight + headPx;
    void list.rowAt(place).then((row) => row && list.choose(row));
  };
  const headRef = useRef<HTMLDivElement>(null);
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
  const sorting = parseSorting(store.sorting.value);
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
        onScroll={look}
        onKeyDown={onKeyDown}
      >
        <div ref={headRef} class="row-of head" role="row" aria-rowindex={1}>
          {headings.map((heading) => (
            <Head key={heading.name} heading={heading} sorting={sorting} />
          ))}
        </div>
        <div class="space" role="rowgroup" style={{ height: `${listed * rowPx}px` }}>
          {places.map((place) => {
            const row = list.row(place);
            return (
              <Row
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

function Head({ heading, sorting }: { heading: Heading; sorting: Sorting | null }) {
  const { store } = usePage();
  const { name, title, field, kind } = heading;
  const sorted = field !== null && sorting?.field === field ? (sorting.down ? "descending" : "ascending") : undefined;
  // From the most on first; then from the least, then in the order of the run.
  const next =
    sorted === undefined
      ? { field: field!, down: true }
      : sorted === "descending"
        ? { field: field!, down: false }
        : null;
  return (
    <span class={`cell-of ${kind}`} role="columnheader" aria-sort={sorted}>
      {field === null ? (
        name === "" ? (
          <span class="hidden">Outcome</span>
        ) : (
          name
        )
      ) : (
        <button
          type="button"
          class="sort"
          title={title}
          onClick={() => {
            store.sorting.value = sortingText(next);
          }}
        >
          {name}
          <i aria-hidden="true">{sorted === "descending" ? "▾" : sorted === "ascending" ? "▴" : ""}</i>
        </button>
      )}
    </span>
  );
}

interface RowProps {
  place: number;
  /** Null until it is here. */
  row: ListRow | null;
  isAt: boolean;
  isChosen: boolean;
  onChoose(): void;
  onOpen(): void;
}

function Row({ place, row, isAt, isChosen, onChoose, onOpen }: RowProps) {
  return (
    <div
      id={`row-${place}`}
      class="row-of"
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      data-rollout={row?.id}
      data-at={isAt ? "" : undefined}
      style={{ top: `${place * rowPx}px`, height: `${rowPx}px` }}
      onClick={onChoose}
      onDblClick={onOpen}
    >
      {row === null ? (
        <span class="cell-of of-words soft small" role="gridcell">
          …
        </span>
      ) : (
        <Cells row={row} />
      )}
    </div>
  );
}

function Cells({ row }: { row: ListRow }) {
  const { excerpt, mark } = row;
  return (
    <>
      <span class="cell-of of-outcome" role="gridcell">
        <b class="letter" style={{ "--c": `var(${outcomeColour(row)})` }} title={outcomeLabel(row)} aria-hidden="true">
          {outcomeLetter(row)}
        </b>
        <span class="hidden">{outcomeLabel(row)}</span>
      </span>
      <span
        class="cell-of of-place num"
        role="gridcell"
        title={`step ${row.step}, task ${row.taskIndex + 1}, rollout ${row.rolloutIndex + 1}`}
      >
        {count(row.step)}
        <i>
          ·{row.taskIndex + 1}·{row.rolloutIndex + 1}
        </i>
      </span>
      <span class="cell-of of-words" role="gridcell">
        <span class="line" title={row.question}>
          {row.question}
        </span>
        <span
          class="line soft small"
          title={excerpt ? excerpt.before + excerpt.found + excerpt.after : answerText(row)}
        >
          {mark && <MarkSigns mark={mark} />}
          {excerpt ? (
            <>
              {excerpt.before}
              <mark>{excerpt.found}</mark>
              {excerpt.after}
            </>
          ) : (
            answerText(row)
          )}
        </span>
      </span>
      <span class="cell-of of-number num" role="gridcell">
        {row.reward === null ? "–" : figure(row.reward)}
      </span>
      <span class="cell-of of-number num" role="gridcell">
        {row.advantage === null ? "–" : signed(row.advantage)}
      </span>
      <span class="cell-of of-number narrow num" role="gridcell">
        {row.zooms}
        {row.calls > row.zooms && <i title={`${row.calls - row.zooms} refused`}> +{row.calls - row.zooms}✕</i>}
      </span>
      <span class="cell-of of-number wide-only num" role="gridcell">
        {row.iou === null ? "–" : figure(row.iou)}
      </span>
      <span class="cell-of of-number wide-only num" role="gridcell">
        {count(row.tokens)}
      </span>
    </>
  );
}

function MarkSigns({ mark }: { mark: NonNullable<ListRow["mark"]> }) {
  return (
    <>
      {mark.judgeWrong && <span class="sign wrong">judge is wrong</span>}
      {mark.tags.map((tag) => (
        <span key={tag} class="sign">
          {tag}
        </span>
      ))}
      {mark.note !== "" && (
        <span class="sign" title={mark.note}>
          note
        </span>
      )}
    </>
  );
}
