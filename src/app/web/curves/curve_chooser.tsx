import { useId, useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import { type CurveSpec, keysOf, metricTitle } from "./catalogue.ts";
import { type GroupName, groupNames, groupTitles } from "./curve_groups.ts";
import { mostOwn } from "./curve_layout.ts";
import { type CurveGroup, movedBy } from "./curve_order.ts";
import type { ChooserProps } from "./curves_bar.tsx";
import { useCurves } from "./curves_context.ts";

/** Which charts are shown, in which order and group; the steps that are drawn; charts of one's own. */
export function CurveChooser({ groups, specs, keys }: ChooserProps) {
  const control = useCurves();
  const [words, setWords] = useState("");
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = (spec: CurveSpec): boolean => {
    const text = [spec.title, spec.line, ...keysOf(spec)].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  return (
    <div class="card chooser">
      <div class="bar">
        <input
          type="search"
          aria-label="Find charts by words"
          placeholder={`find in ${specs.length} charts`}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <Steps />
        <span class="spacer" />
        <button type="button" onClick={() => control.reset()}>
          Reset to defaults
        </button>
      </div>
      <div class="listed">
        {groups.map((group) => (
          <GroupOfCharts key={group.name} group={group} isFound={isFound} />
        ))}
      </div>
      <NewChart keys={keys} />
    </div>
  );
}

function GroupOfCharts({
  group: { name, specs, hidden },
  isFound,
}: {
  group: CurveGroup;
  isFound(spec: CurveSpec): boolean;
}) {
  const control = useCurves();
  const all = [...specs, ...hidden];
  const ids = all.map(({ id }) => id);
  const found = all.filter(isFound);
  if (found.length === 0) return null;
  const move = (id: string, places: -1 | 1): void =>
    control.set({ order: movedBy(control.layout.value.order, ids, id, places) });
  return (
    <fieldset>
      <legend>{groupTitles[name]}</legend>
      <ul>
        {found.map((spec) => (
          <ChartLine
            key={spec.id}
            spec={spec}
            group={name}
            shown={specs.includes(spec)}
            isFirst={spec.id === ids[0]}
            isLast={spec.id === ids.at(-1)}
            onMove={(places) => move(spec.id, places)}
          />
        ))}
      </ul>
    </fieldset>
  );
}

interface ChartLineProps {
  spec: CurveSpec;
  group: GroupName;
  shown: boolean;
  isFirst: boolean;
  isLast: boolean;
  onMove(places: -1 | 1): void;
}

function ChartLine({ spec: { id, title, line }, group, shown, isFirst, isLast, onMove }: ChartLineProps) {
  const control = useCurves();
  const { moved, own } = control.layout.value;
  const isOwn = own.some((chart) => `own:${chart.title}` === id);
  return (
    <li>
      <label title={line}>
        <input
          type="checkbox"
          checked={shown}
          onChange={(event) => control.toggle("hidden", id, !event.currentTarget.checked)}
        />{" "}
        {title}
      </label>
      <span class="buttons">
        {isOwn && (
          <button
            type="button"
            class="link small"
            onClick={() => control.set({ own: own.filter((chart) => `own:${chart.title}` !== id) })}
          >
            Remove<span class="hidden"> the chart {title}</span>
          </button>
        )}
        <select
          aria-label={`Group of ${title}`}
          value={group}
          onChange={(event) => control.set({ moved: { ...moved, [id]: event.currentTarget.value as GroupName } })}
        >
          {groupNames.map((name) => (
            <option key={name} value={name}>
              {groupTitles[name]}
            </option>
          ))}
        </select>
        <button type="button" class="icon" disabled={isFirst} aria-label={`${title}: up`} onClick={() => onMove(-1)}>
          ↑
        </button>
        <button type="button" class="icon" disabled={isLast} aria-label={`${title}: down`} onClick={() => onMove(1)}>
          ↓
        </button>
      </span>
    </li>
  );
}

/** The steps that all charts show; dragging over a plot sets them too. */
function Steps() {
  const control = useCurves();
  const window = control.window.value;
  const [problem, setProblem] = useState<string | null>(null);
  const problemId = useId();
  const set = (at: 0 | 1, typed: string): void => {
    const ends: [string, string] = [String(window?.[0] ?? ""), String(window?.[1] ?? "")];
    ends[at] = typed.trim();
    if (ends.every((end) => end === "")) {
      control.window.value = null;
      setProblem(null);
      return;
    }
    const [from, to] = [ends[0] === "" ? 1 : Number(ends[0]), ends[1] === "" ? mostSteps : Number(ends[1])];
    const isGood = [from, to].every((end) => Number.isInteger(end) && end >= 0 && end <= mostSteps) && from < to;
    setProblem(isGood ? null : `Steps are whole numbers, the first below the last; found ${from} to ${to}`);
    if (isGood) control.window.value = [from, to];
  };
  const field = (at: 0 | 1, label: string) => (
    <input
      class="num"
      inputMode="numeric"
      size={6}
      aria-label={label}
      aria-describedby={problem ? problemId : undefined}
      value={window ? (at === 1 && window[1] === mostSteps ? "" : window[at]) : ""}
      placeholder={at === 0 ? "first" : "last"}
      onChange={(event) => set(at, event.currentTarget.value)}
    />
  );
  return (
    <span class="steps small" title="Dragging over a plot sets them, a double click shows all">
      steps {field(0, "First step that is shown")} to {field(1, "Last step that is shown")}
      {problem && (
        <span id={problemId} class="problem" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}

const mostSteps = 1_000_000;

/** A chart of any metrics of the log. */
function NewChart({ keys }: { keys: ReadonlySet<string> }) {
  const { store } = usePage();
  const control = useCurves();
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const id = useId();
  const add = (): void => {
    const name = title.trim() || chosen.map(metricTitle).join(", ").slice(0, 100);
    const { own } = control.layout.value;
    if (own.length >= mostOwn) {
      store.notices.add("error", `There are ${mostOwn} charts of your own, which is the most; remove one first`);
      return;
    }
    control.set({ own: [...own.filter((chart) => chart.title !== name), { title: name, keys: chosen }] });
    setTitle("");
    setChosen([]);
  };
  return (
    <fieldset>
      <legend>A chart of your own</legend>
      <div class="bar">
        <select
          id={id}
          aria-label="Metric for the new chart"
          value=""
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (value !== "" && !chosen.includes(value)) setChosen([...chosen, value]);
            event.currentTarget.value = "";
          }}
        >
          <option value="">add a metric…</option>
          {[...keys].sort().map((key) => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
        </select>
        {chosen.map((key) => (
          <button
            key={key}
            type="button"
            aria-label={`Take ${key} out`}
            onClick={() => setChosen(chosen.filter((one) => one !== key))}
          >
            {key} ×
          </button>
        ))}
        <input
          class="title"
          aria-label="Title of the new chart"
          placeholder="title"
          maxLength={100}
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
        <button type="button" disabled={chosen.length === 0} onClick={add}>
          Add the chart
        </button>
      </div>
    </fieldset>
  );
}
