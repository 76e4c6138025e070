import { useMemo, useState } from "preact/hooks";
import { count, figure } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { Plot } from "../widgets/plot.tsx";
import type { Mark } from "../widgets/plot_lines.ts";
import { PlotTable } from "../widgets/plot_table.tsx";
import { Explanation } from "../widgets/term.tsx";
import type { CurveSpec, Part } from "./catalogue.ts";
import { type Chart, type Drawing, overlayChart, ownChart, plotRanges } from "./chart.ts";
import { CurveKey, OverlayKey } from "./curve_key.tsx";
import { useCurves } from "./curves_context.ts";
import { valueAt } from "./drawn_runs.ts";
import type { RunsToDraw } from "./use_runs.ts";

interface Props {
  spec: CurveSpec;
  runs: RunsToDraw;
  marks: readonly Mark[];
}

/** One chart: its name, the number at the step that is looked at, the lines, and the same as a table. */
export function CurveCard({ spec, runs, marks }: Props) {
  const { store } = usePage();
  const control = useCurves();
  const { smoothing, seeds, logarithmic } = control.layout.value;
  const window = control.window.value;
  const [chosenKey, setChosenKey] = useState<string | null>(null);
  const [first] = spec.parts;
  const part = spec.parts.find(({ key }) => key === chosenKey) ?? first;
  const { own, previous, legend } = runs;
  const overlays = legend.length > 0;
  const chartFor = (drawing: Drawing): Chart =>
    overlays
      ? overlayChart(part, legend, seeds, drawing)
      : own
        ? ownChart(spec, own, previous, drawing)
        : { steps: [], lines: [], bands: [] };
  const chart = useMemo(
    () => chartFor({ smoothing, window, ranges: plotRanges }),
    [spec, part, own, previous, legend, seeds, smoothing, window],
  );
  const step = store.hoveredStep.value ?? store.chosenStep.value;
  const at = own && valueAt(own, part.key, step);
  const made = own !== null && (own.updates.length > 0 || at !== null);
  const now = at ? figure(at.value) : made ? (spec.none ?? figure(null)) : "";
  const isLog = logarithmic.includes(spec.id);
  const nothing = chart.lines.every(({ values }) => values.every((value) => value === null || (isLog && value <= 0)));
  return (
    <div class="card plot" data-curve={spec.id}>
      <h3>
        <Explanation name={spec.title} says={sentence(spec.line)} />
        {isLog && <span class="tag">log axis</span>}
      </h3>
      {own && (
        <div class="now">
          <b>{now}</b>
          {step !== null && at && <span class="soft small">step {count(at.step)}</span>}
        </div>
      )}
      {overlays ? (
        <OverlayKey spec={spec} part={part} legend={legend} step={step} onPart={({ key }: Part) => setChosenKey(key)} />
      ) : (
        own && <CurveKey spec={spec} run={own} step={step} heldOut={chart.lines} />
      )}
      {nothing ? (
        <p class="empty soft small">{isLog && chart.steps.length > 0 ? "no value above 0" : "no values yet"}</p>
      ) : (
        <Plot
          label={`${spec.title} over steps, ${chart.steps.length} points, ${at ? `${now} at step ${at.step}` : overlays ? `${legend.length} runs` : "none yet"}`}
          steps={chart.steps}
          lines={chart.lines}
          bands={chart.bands}
          range={spec.range}
          logarithmic={isLog}
          mark={store.chosenStep.value}
          marks={marks}
          onHover={(hovered) => {
            store.hoveredStep.value = hovered;
          }}
          onPick={(picked) => {
            if (own && store.shown.peek().steps.some((record) => record.step === picked))
              store.chosenStep.value = picked;
          }}
          onZoom={(wanted) => {
            control.window.value = wanted;
          }}
        />
      )}
      <PlotTable
        title={spec.title}
        summary="table, log axis"
        rows={() => chartFor({ smoothing: 0, window, ranges: null })}
      >
        <p class="soft small">{sentence(spec.line)}</p>
        <p class="links small">
          <label>
            <input
              type="checkbox"
              checked={isLog}
              onChange={(event) => control.toggle("logarithmic", spec.id, event.currentTarget.checked)}
            />{" "}
            log axis<span class="hidden"> for {spec.title}</span>
          </label>
          <button type="button" class="link" onClick={() => control.toggle("hidden", spec.id, true)}>
            Hide this chart<span class="hidden"> of {spec.title}</span>
          </button>
        </p>
      </PlotTable>
    </div>
  );
}

const sentence = (line: string): string => `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
