import type { RowCard } from "../../worker_api/data_api.ts";
import { count } from "../labels/numbers.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { useData } from "./data_context.ts";
import { pageRows } from "./data_control.ts";
import { changesOf, sizesOf } from "./sample_labels.ts";

/** One page of a source's rows. */
export function SampleGrid() {
  const data = useData();
  const source = data.chosen;
  const from = data.firstRow.value;
  const to = Math.min(from + pageRows, source.rows);
  const cards = data.cards.value;
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b class="mono">{source.name}</b> rows {count(from)} to {count(Math.max(from, to - 1))} of{" "}
          {count(source.rows)}
        </h2>
        <Pager />
      </div>
      {source.rows === 0 && <p class="soft">It has no rows.</p>}
      <ul class="samples">
        {Array.from({ length: to - from }, (_, i) => from + i).map((index) => (
          <li key={index}>
            <Sample index={index} card={cards.get(index) ?? null} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Pager() {
  const data = useData();
  const { rows } = data.chosen;
  const from = data.firstRow.value;
  if (rows <= pageRows) return null;
  const go = (to: number): void => {
    data.firstRow.value = Math.max(0, Math.min(to, Math.floor((rows - 1) / pageRows) * pageRows));
  };
  return (
    <div class="steppicker">
      <button
        type="button"
        class="icon"
        aria-label="Rows before"
        disabled={from === 0}
        onClick={() => go(from - pageRows)}
      >
        ‹
      </button>
      <label class="small soft">
        row{" "}
        <input
          type="number"
          class="num"
          min={0}
          max={rows - 1}
          value={from}
          onChange={(event) => {
            const row = event.currentTarget.valueAsNumber;
            if (Number.isFinite(row)) go(Math.floor(row / pageRows) * pageRows);
            event.currentTarget.value = String(data.firstRow.peek());
          }}
        />
      </label>
      <button
        type="button"
        class="icon"
        aria-label="Rows after"
        disabled={from + pageRows >= rows}
        onClick={() => go(from + pageRows)}
      >
        ›
      </button>
    </div>
  );
}

/** A row in the list: its picture, what is asked, and what becomes of it. */
function Sample({ index, card }: { index: number; card: RowCard | null }) {
  const data = useData();
  if (!card) return <div class="sample waiting">row {count(index)}…</div>;
  const { asked, pictures, promptTokens, skip, thumbnail } = card;
  const changes = changesOf(pictures);
  return (
    <button
      type="button"
      class={skip ? "sample left-out" : "sample"}
      aria-label={`Row ${index}: ${asked?.question ?? "cannot be read"}${skip ? `; left out: ${skip.kind}` : ""}`}
      onClick={() => {
        data.row.value = index;
      }}
    >
      <span class="picture">
        {thumbnail ? (
          <PixelsCanvas pixels={thumbnail} />
        ) : (
          <span class="soft small">{pictures.length === 0 && !skip ? "no picture" : "not decoded"}</span>
        )}
        {pictures.length > 1 && <span class="count small">{pictures.length} pictures</span>}
      </span>
      <span class="words">
        <span class="soft small num">
          row {count(index)}
          {asked?.dataSource && ` · ${asked.dataSource}`}
        </span>
        {asked && <span class="clamp q">{asked.question || "(no question)"}</span>}
        {asked && <b class="clamp a">{asked.answer}</b>}
        {pictures[0] && <span class="soft small num">{sizesOf(pictures[0])}</span>}
        {promptTokens !== null && <span class="soft small num">{count(promptTokens)} tokens in the prompt</span>}
        {changes.map((change) => (
          <span key={change} class="change small">
            {change}
          </span>
        ))}
        {skip && (
          <span class="skip small">
            <b>left out, {skip.kind}:</b> {skip.why}
          </span>
        )}
      </span>
    </button>
  );
}
