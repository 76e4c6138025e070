import { useMemo, useState } from "preact/hooks";
import { window as lastSteps } from "../../run/run_summary.ts";
import { count, counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { type ListedRun, listed, matching, type Order, ordered, type SortKey } from "./run_columns.ts";
import { RunRow } from "./run_row.tsx";
import type { RunsList } from "./runs_list.ts";

interface Props {
  list: RunsList;
  onRejudge(run: string): void;
}

/** Rows that a page renders quickly; the rest is shown on request. */
const mostRows = 200;
/** From so many runs on there is a field to look for them. */
const searchedFrom = 6;

const columns: { key: SortKey; label: string; title?: string; wide?: boolean }[] = [
  { key: "label", label: "run" },
  { key: "step", label: "steps" },
  {
    key: "accuracy",
    label: "accuracy",
    title: `On held-out tasks, sampled, in the last evaluation; without evaluations the mean of the last ${lastSteps} steps`,
  },
  { key: "best", label: "best", title: `The best of these on the way, and after which step` },
  { key: "zoomRate", label: "zoom rate", title: "Share of rollouts with a zoom that was carried out" },
  { key: "reward", label: "reward", title: `Mean reward of the last ${lastSteps} steps`, wide: true },
  { key: "device", label: "device", wide: true },
  { key: "startedAt", label: "started", wide: true },
  { key: "size", label: "size", title: "Log, checkpoint and weights of earlier steps", wide: true },
];

/** The stored runs as a table: sorted by any column, searched, and drawn together. */
export function RunsTable({ list, onRejudge }: Props) {
  const { store } = usePage();
  const runs = list.runs.value ?? [];
  const [order, setOrder] = useState<Order>({ key: "startedAt", falling: true });
  const [words, setWords] = useState("");
  const [all, setAll] = useState(false);
  const rows = useMemo(() => listed(runs), [runs]);
  const found = useMemo(() => ordered(matching(rows, words), order), [rows, words, order]);
  const shown = all ? found : found.slice(0, mostRows);
  const drawn = store.overlaid.value;
  const sort = (key: SortKey): void =>
    setOrder((before) => ({
      key,
      falling: before.key === key ? !before.falling : key !== "label" && key !== "device",
    }));
  return (
    <>
      {runs.length >= searchedFrom && (
        <p class="runsearch">
          <label>
            <span class="small soft">Look for</span>{" "}
            <input
              type="search"
              placeholder="name, setting or device"
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          </label>{" "}
          <span class="soft small" role="status">
            {words.trim() === "" ? counted(runs.length, "run") : `${count(found.length)} of ${count(runs.length)} runs`}
          </span>
        </p>
      )}
      <Checked list={list} rows={rows} />
      <table class="grid list runlist">
        <thead>
          <tr>
            <th scope="col">
              <span class="small">draw</span>
            </th>
            {columns.map(({ key, label, title, wide }) => (
              <th
                key={key}
                scope="col"
                class={wide ? "wide-only" : undefined}
                aria-sort={order.key === key ? (order.falling ? "descending" : "ascending") : undefined}
              >
                <button type="button" class="sort" title={title} onClick={() => sort(key)}>
                  {label}
                  <span aria-hidden="true">{order.key === key ? (order.falling ? " ↓" : " ↑") : ""}</span>
                </button>
              </th>
            ))}
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((run) => (
            <RunRow key={run.name} run={run} isDrawn={drawn.includes(run.name)} list={list} onRejudge={onRejudge} />
          ))}
        </tbody>
      </table>
      {shown.length < found.length && (
        <p class="after">
          <button type="button" onClick={() => setAll(true)}>
            Show all {count(found.length)} runs
          </button>
        </p>
      )}
    </>
  );
}

/** What can be done with the runs that are checked; nothing where none is. */
function Checked({ list, rows }: { list: RunsList; rows: readonly ListedRun[] }) {
  const { store } = usePage();
  const [asking, setAsking] = useState(false);
  const drawn = store.overlaid.value.filter((name) => rows.some((run) => run.name === name));
  if (drawn.length === 0) return null;
  return (
    <p class="checked">
      <span>{counted(drawn.length, "run")} checked: their curves are drawn together, here and under Train.</span>{" "}
      <button type="button" onClick={() => list.draw(drawn, false)}>
        Uncheck all
      </button>{" "}
      {asking ? (
        <>
          <span>Remove {counted(drawn.length, "run")} for good?</span>{" "}
          <button
            type="button"
            class="danger"
            onClick={() => {
              setAsking(false);
              void list.remove(drawn);
            }}
          >
            Remove {counted(drawn.length, "run")}
          </button>{" "}
          <button type="button" onClick={() => setAsking(false)}>
            Keep
          </button>
        </>
      ) : (
        <button type="button" onClick={() => setAsking(true)}>
          Remove these…
        </button>
      )}
    </p>
  );
}
