import { useId, useState } from "preact/hooks";
import { type ChoiceField, fieldLabels, type NumberField } from "../../rollout_list/fields.ts";
import type { FacetValue } from "../../rollout_list/find.ts";
import { asksFor, parseQuery, type Query, queryText, ranged, rangeOf, toggled } from "../../rollout_list/query.ts";
import { count, counted, figure } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { narrow } from "../widgets/narrow.ts";
import type { ShownList } from "./list_control.ts";
import { valueLabel } from "./row_words.ts";

/** Values that are listed before someone asks for more. */
const fewValues = 6;

/** Facets that are always shown; the others where a run has more than one value. */
const always: readonly ChoiceField[] = ["is", "tool", "end"];
const sometimes: readonly ChoiceField[] = ["has", "tag", "from", "source", "fault", "called", "by"];
const ranges: readonly NumberField[] = ["reward", "advantage", "step", "zooms", "iou", "tokens", "turns"];

/** What rollouts can be filtered by: values with how many rollouts have them, and ranges of numbers. */
export function Facets({ shown }: { shown: ShownList }) {
  const { store } = usePage();
  const query = queryOf(store.find.value);
  const set = (to: Query): void => {
    store.find.value = queryText(to);
  };
  const isTold = (field: ChoiceField): boolean =>
    (field === "has" || field === "tag"
      ? shown.facets[field].some(({ count }) => count > 0)
      : shown.facets[field].length > 1) || query.choices.some((choice) => choice.field === field);
  const facets = (
    <>
      {always.concat(sometimes.filter(isTold)).map((field) => (
        <Facet key={field} field={field} values={shown.facets[field]} query={query} onChange={set} />
      ))}
      <fieldset>
        <legend>Ranges</legend>
        {ranges.map((field) => {
          const extent = shown.extents[field];
          return extent === null || (extent.least === extent.most && rangeOf(query, field) === null) ? null : (
            <Range key={field} field={field} extent={extent} query={query} onChange={set} />
          );
        })}
      </fieldset>
    </>
  );
  const asked = query.choices.length + query.ranges.length;
  // Where there is one column, they would stand between a person and the list.
  return narrow.value ? (
    <details class="card">
      <summary>
        <b>Filters</b> {asked > 0 ? counted(asked, "condition") : "none set"}
      </summary>
      {facets}
    </details>
  ) : (
    <div class="card">{facets}</div>
  );
}

/** What is typed may be no filter yet. */
function queryOf(text: string): Query {
  try {
    return parseQuery(text);
  } catch {
    return parseQuery("");
  }
}

interface FacetProps {
  field: ChoiceField;
  values: readonly FacetValue[];
  query: Query;
  onChange(query: Query): void;
}

function Facet({ field, values, query, onChange }: FacetProps) {
  const [all, setAll] = useState(false);
  const asked = query.choices.flatMap((choice) => (choice.field === field && !choice.negated ? choice.values : []));
  const missing = asked.filter((value) => !values.some((one) => one.value === value));
  const listed = [...values, ...missing.map((value) => ({ value, count: 0 }))];
  const some = listed.filter(({ value, count }) => count > 0 || asksFor(query, field, value));
  const few = all ? some : some.slice(0, fewValues);
  return (
    <fieldset>
      <legend>{fieldLabels[field]}</legend>
      {few.map(({ value, count: rollouts }) => (
        <label key={value} class="facet">
          <input
            type="checkbox"
            checked={asksFor(query, field, value)}
            onChange={() => onChange(toggled(query, field, value))}
          />
          <span>{valueLabel(field, value)}</span>
          <span class="soft num">{count(rollouts)}</span>
        </label>
      ))}
      {some.length === 0 && <p class="soft small">none</p>}
      {some.length > few.length && (
        <button type="button" class="link small" onClick={() => setAll(true)}>
          {count(some.length - few.length)} more
        </button>
      )}
    </fieldset>
  );
}

interface RangeProps {
  field: NumberField;
  extent: { least: number; most: number };
  query: Query;
  onChange(query: Query): void;
}

const bound = (value: number): string => (Number.isInteger(value) ? count(value) : figure(value));

/** Two bounds, either of which may be empty. */
function Range({ field, extent, query, onChange }: RangeProps) {
  const id = useId();
  const range = rangeOf(query, field);
  const shownBound = (value: number | undefined): string =>
    value === undefined || !Number.isFinite(value) ? "" : String(value);
  const set = (which: "least" | "most", typed: string): void => {
    const empty = which === "least" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const value = typed.trim() === "" ? empty : Number(typed.replace("−", "-"));
    if (Number.isNaN(value)) return;
    const { least, most } = range ?? { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
    const next = { least, most, [which]: value };
    const isOpen = !Number.isFinite(next.least) && !Number.isFinite(next.most);
    onChange(ranged(query, field, isOpen ? null : next.least > next.most ? { least: value, most: value } : next));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be laid out apart from its row
    <div class="range" role="group" aria-labelledby={id}>
      <span id={id}>{fieldLabels[field]}</span>
      <input
        class="num"
        inputMode="decimal"
        aria-label={`${fieldLabels[field]}, at least`}
        placeholder={bound(extent.least)}
        value={shownBound(range?.least)}
        onChange={(event) => set("least", event.currentTarget.value)}
      />
      <span class="soft" aria-hidden="true">
        –
      </span>
      <input
        class="num"
        inputMode="decimal"
        aria-label={`${fieldLabels[field]}, at most`}
        placeholder={bound(extent.most)}
        value={shownBound(range?.most)}
        onChange={(event) => set("most", event.currentTarget.value)}
      />
    </div>
  );
}
