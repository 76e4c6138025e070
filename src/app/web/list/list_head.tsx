// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be laid out by place
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names its row (aria-activedescendant)
import { type NumberField, parseSorting, type Sorting, sortingText } from "../../rollout_list/fields.ts";
import { usePage } from "../run/page_context.ts";

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

/** The names of the columns; those of numbers sort. */
export function ListHead() {
  const sorting = parseSorting(usePage().store.sorting.value);
  return (
    <div class="row-of head" role="row" aria-rowindex={1}>
      {headings.map((heading) => (
        <Head key={heading.name} heading={heading} sorting={sorting} />
      ))}
    </div>
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
