import type { ComponentType } from "preact";
import { useId, useState } from "preact/hooks";
import { count } from "../labels/numbers.ts";
import { Later } from "../widgets/later.tsx";
import type { Mark } from "../widgets/plot_lines.ts";
import type { CurveSpec } from "./catalogue.ts";
import { mostSmoothing } from "./curve_layout.ts";
import type { CurveGroup } from "./curve_order.ts";
import { useCurves } from "./curves_context.ts";
import { MarksLegend } from "./marks_legend.tsx";
import type { RunsToDraw } from "./use_runs.ts";

export interface ChooserProps {
  groups: readonly CurveGroup[];
  specs: readonly CurveSpec[];
  keys: ReadonlySet<string>;
}

interface Props {
  runs: RunsToDraw;
  groups: readonly CurveGroup[];
  specs: readonly CurveSpec[];
  marks: readonly Mark[];
  withShown: boolean;
}

type Panel = "charts" | "runs";

const loadCharts = async (): Promise<ComponentType<ChooserProps>> => (await import("./curve_chooser.tsx")).CurveChooser;
const loadRuns = async (): Promise<ComponentType> => (await import("./run_chooser.tsx")).RunChooser;

/** What holds for all charts: smoothing, the steps that are shown, which charts and which runs; and what the marks mean. */
export function CurvesBar({ runs: { own, legend, keys }, groups, specs, marks, withShown }: Props) {
  const control = useCurves();
  const id = useId();
  const [panel, setPanel] = useState<Panel | null>(null);
  const { smoothing } = control.layout.value;
  const window = control.window.value;
  const any = own !== null || legend.length > 0;
  const toggle = (wanted: Panel) => () => setPanel(panel === wanted ? null : wanted);
  return (
    <div class="curves-bar">
      <div class="bar">
        {any && (
          <label class="smoothing" for={id}>
            Smoothing
            <input
              id={id}
              type="range"
              min={0}
              max={mostSmoothing}
              step={0.01}
              value={smoothing}
              onInput={(event) => control.set({ smoothing: Number(event.currentTarget.value) })}
            />
            <output class="num" for={id}>
              {smoothing === 0 ? "off" : smoothing.toFixed(2)}
            </output>
          </label>
        )}
        {any && window && (
          <span class="small">
            steps {count(window[0])}–{count(window[1])}{" "}
            <button
              type="button"
              class="link"
              onClick={() => {
                control.window.value = null;
              }}
            >
              Show all
            </button>
          </span>
        )}
        <span class="spacer" />
        {any && (
          <button type="button" aria-expanded={panel === "charts"} onClick={toggle("charts")}>
            Choose charts
          </button>
        )}
        {withShown && (
          <button type="button" aria-expanded={panel === "runs"} onClick={toggle("runs")}>
            Add runs
          </button>
        )}
      </div>
      {panel === "charts" && <Later name="The choice of charts" load={loadCharts} props={{ groups, specs, keys }} />}
      {panel === "runs" && <Later name="The list of runs" load={loadRuns} props={{}} />}
      {any && marks.length > 0 && <MarksLegend marks={marks} />}
    </div>
  );
}
