import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { count } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { InNextTask } from "../widgets/in_next_task.tsx";
import { Facets } from "./facets.tsx";
import { FilterBar } from "./filter_bar.tsx";
import { ListControl } from "./list_control.ts";
import { ListTable } from "./list_table.tsx";
import "./list.css";

/** All rollouts of the shown run: filters, the list, and beside it the rollout that was chosen in it. */
export function ListView({ rollout }: { rollout: ComponentChildren }) {
  const page = usePage();
  const list = useMemo(() => new ListControl(page), [page]);
  useEffect(() => list.follow(), [list]);
  const shown = list.shown.value;
  const { store } = page;
  if (shown === null || shown.total === 0)
    return (
      <section class="stack first nothing" aria-label="Rollouts">
        <div class="card">
          <h2>
            <b>{shown === null ? "Reading the rollouts…" : "No rollouts yet"}</b>
          </h2>
          <p class="soft">
            {store.replay.value
              ? "This recording holds no rollouts."
              : "Each attempt of the model at a task is listed here as the run makes it: start a run on the Train tab, or open one on the Runs tab."}
          </p>
          {list.problem.value !== null && <p class="problem">{list.problem.value}.</p>}
        </div>
      </section>
    );
  return (
    <>
      <aside class="stack facets" aria-label="Filters">
        <InNextTask>
          <Facets shown={shown} />
        </InNextTask>
      </aside>
      <section class="stack first" aria-label="Rollouts">
        <div class="card rollout-list">
          <FilterBar list={list} shown={shown} />
          <ListTable list={list} shown={shown} />
          {shown.missingTexts > 0 && (
            <p class="soft small">
              {shown.missingTexts >= shown.total
                ? "This log has"
                : `${count(shown.missingTexts)} rollouts of this log have`}{" "}
              responses as tokens alone: words are looked for in questions, answers and notes.
            </p>
          )}
          {shown.shortenedTexts > 0 && (
            <p class="soft small">
              The texts of this run are too long to be kept whole: of {count(shown.shortenedTexts)} rollouts only the
              beginning is searched.
            </p>
          )}
        </div>
      </section>
      <aside class="stack chosen" aria-label="Chosen rollout">
        <InNextTask>{rollout}</InNextTask>
      </aside>
    </>
  );
}
