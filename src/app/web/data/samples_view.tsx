import { useEffect } from "preact/hooks";
import { counted } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { useData } from "./data_context.ts";
import { DataOpener } from "./data_opener.tsx";
import { SampleGrid } from "./sample_grid.tsx";
import { SampleRow } from "./sample_row.tsx";
import { SceneSettings, ScenesCard } from "./scenes_card.tsx";
import { SourceSummary } from "./source_summary.tsx";

/** What data holds before a run: sources, what would become of their rows, each row with its prompt. Needs no GPU. */
export function SamplesView() {
  const { store } = usePage();
  const data = useData();
  const opened = data.opened.value;
  const source = data.source.value;
  const firstRow = data.firstRow.value;
  const rowSettings = data.rowSettings.value;
  const isScenes = store.config.value.data === "";
  useEffect(() => void data.list(), [data, opened, source, firstRow, rowSettings]);
  // A source is looked through once; later changes of settings wait for a press.
  useEffect(() => {
    if (opened && !data.looked.peek().has(source)) void data.look({ all: false });
  }, [data, opened, source]);
  return (
    <>
      <section class="stack settings" aria-label="Sources">
        <DataOpener />
        {opened && <Sources />}
        {opened && <SourceSummary />}
        {!opened && isScenes && <SceneSettings />}
      </section>
      <section class="stack first" aria-label="Rows">
        {opened ? (
          data.row.value === null ? (
            <SampleGrid />
          ) : (
            <SampleRow row={data.row.value} />
          )
        ) : isScenes ? (
          <ScenesCard />
        ) : (
          <div class="card">
            <h2>
              <b>Look at data before a run</b>
            </h2>
            <p class="soft">
              Every row as the model would get it: its picture at the size that is kept and the size that is shown, its
              question and answer, the prompt with its tokens, and why a row would be left out or changed. What you open
              from disk stays in this browser.
            </p>
            <p class="offer">
              <button
                type="button"
                disabled={data.opening.value}
                onClick={() => {
                  data.typed.value = store.config.peek().data;
                }}
              >
                Look at this run’s data
              </button>
            </p>
          </div>
        )}
      </section>
    </>
  );
}

/** What was opened, one button a source, and what to do with it. */
function Sources() {
  const { store, control } = usePage();
  const data = useData();
  const opened = data.opened.value!;
  const taken = store.config.value.data === opened.data;
  return (
    <div class="card">
      <h2>
        <b>Sources</b> {opened.sources.length}
      </h2>
      <ul class="sources">
        {opened.sources.map(({ name, kind, rows }, i) => (
          <li key={`${i} ${name}`}>
            <button type="button" aria-pressed={i === data.source.value} onClick={() => data.choose(i)}>
              <b class="mono">{name}</b>
              <span class="small num">{counted(rows, "row")}</span>
              <span class="soft small">{kind}</span>
            </button>
          </li>
        ))}
      </ul>
      {opened.problems.map((problem) => (
        <p key={problem} class="problem small" role="alert">
          {problem}
        </p>
      ))}
      <p class="buttons after">
        <button
          type="button"
          class="go"
          disabled={taken}
          onClick={() => {
            const problem = control.setKnob("data", opened.data);
            if (problem) store.notices.add("error", problem);
          }}
        >
          {taken ? "The next run trains on this" : "Train on this"}
        </button>
        <button type="button" onClick={() => data.close()}>
          Close
        </button>
      </p>
      {taken && (
        <p class="soft small after">
          <button
            type="button"
            class="link"
            onClick={() => {
              control.setKnob("data", "");
            }}
          >
            Train on generated scenes again
          </button>
        </p>
      )}
    </div>
  );
}
