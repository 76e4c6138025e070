import { useMemo, useState } from "preact/hooks";
import { zoomVerdict } from "../../../train/zoom_verdict.ts";
import { count, figure } from "../labels/numbers.ts";
import { percent } from "../labels/worth_words.ts";
import { usePage } from "../run/page_context.ts";
import type { Point } from "../run/run_state.ts";
import { Plot } from "../widgets/plot.tsx";
import { type CurveSpec, csv, curveLines, pointsOf, shownCurves } from "./curve_series.ts";
import { thinned } from "./thinned.ts";

/** Rows of a table that a page renders quickly. */
const mostRows = 2000;

export function Curves() {
  const { store } = usePage();
  return (
    <div class="plots">
      {shownCurves(store.updates.value, store.evals.value).map((spec) => (
        <Curve key={spec.title} spec={spec} />
      ))}
    </div>
  );
}

/** One card: name, the number at the step looked at, the curve, and the same as a table. */
function Curve({ spec }: { spec: CurveSpec }) {
  const { store } = usePage();
  const evals = store.evals.value;
  const made = store.updates.value;
  const updates = useMemo(() => pointsOf(spec, made, evals), [spec, made, evals]);
  const previous = store.replay.value ? null : store.previous.value;
  const before = useMemo(
    () => previous && thinnedFor(spec, pointsOf(spec, previous.updates, previous.evals)),
    [spec, previous],
  );
  const { steps, lines } = useMemo(
    () => curveLines(spec, thinnedFor(spec, updates), evals, before),
    [spec, updates, evals, before],
  );
  const step = store.hoveredStep.value ?? store.chosenStep.value;
  const point = (step !== null && updates.find((update) => update.step === step)) || updates.at(-1);
  const value = point?.metrics[spec.parts[0].key];
  const now = point && value === undefined ? (spec.none ?? figure(value)) : figure(value);
  return (
    <div class={spec.parts.length > 1 ? "card plot wide" : "card plot"}>
      <h2>
        <b>{spec.title}</b>
        {spec.parts.length > 1 && (
          <span class="key">
            {spec.parts.slice(spec.evaluated ? 0 : 1).map((part) => (
              <span key={part.key}>
                <i style={{ background: `var(${part.colour})` }} aria-hidden="true" />
                {part.name}
              </span>
            ))}
          </span>
        )}
      </h2>
      <div class="now">
        <b>{now}</b>
        {step !== null && point && <span class="soft small">step {point.step}</span>}
      </div>
      {steps.length === 0 ? (
        <p class="empty soft small">after the first step</p>
      ) : (
        <Plot
          label={`${spec.title} over steps, ${updates.length} points, ${point ? `${now} at step ${point.step}` : "none yet"}`}
          steps={steps}
          lines={lines}
          range={spec.range}
          mark={store.chosenStep.value}
          onHover={(hovered) => {
            store.hoveredStep.value = hovered;
          }}
          onPick={(picked) => {
            if (store.shown.peek().steps.some((record) => record.step === picked)) store.chosenStep.value = picked;
          }}
        />
      )}
      {spec.evaluated && <ZoomMark />}
      <CurveTable spec={spec} />
    </div>
  );
}

/** What became of the answers where zooming died out; nothing where it is alive. */
function ZoomMark() {
  const sampled = usePage().store.evals.value.filter(({ greedy }) => !greedy);
  const last = sampled.at(-1);
  const verdict =
    last &&
    zoomVerdict(
      last.metrics,
      sampled.slice(0, -1).map(({ metrics }) => metrics),
    );
  if (!verdict) return null;
  return (
    <p class={`zoom-verdict small ${verdict.harmful ? "harmful" : "harmless"}`} role="status" title={verdict.sentence}>
      <i aria-hidden="true" />
      Zooming died out: <b>{verdict.harmful ? "harmful" : "harmless so far"}</b>. Right without a call now{" "}
      {percent(verdict.without)}; while it zoomed, {percent(verdict.before.withTool)} with the crops and{" "}
      {percent(verdict.before.without)} without.
    </p>
  );
}

/** Stretches of steps of which a plot shows the extremes; it is about twice as many pixels wide. */
const stretches = 250;

const thinnedFor = ({ parts }: CurveSpec, points: readonly Point[]): readonly Point[] =>
  thinned(
    points,
    parts.map(({ key }) => key),
    stretches,
  );

/** All steps of a curve, once they are looked at. */
function CurveTable({ spec }: { spec: CurveSpec }) {
  const { store } = usePage();
  const { title } = spec;
  const [open, setOpen] = useState(false);
  const previous = store.replay.value ? null : store.previous.value;
  const whole = () =>
    curveLines(
      spec,
      pointsOf(spec, store.updates.value, store.evals.value),
      store.evals.value,
      previous && pointsOf(spec, previous.updates, previous.evals),
    );
  const { steps, lines } = open ? whole() : { steps: [], lines: [] };
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(csv(steps, lines));
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      store.notices.add(
        "error",
        "The browser does not let this page copy; open it over https, or select the table and copy it by hand",
      );
    }
  };
  return (
    <details class="table" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary aria-label={`${title} as a table`}>table</summary>
      {open && (
        <>
          <button type="button" class="link small" onClick={() => void copy()}>
            {copied ? "Copied" : "Copy as CSV"}
          </button>
          {steps.length > mostRows && (
            <p class="soft small">
              the last {count(mostRows)} of {count(steps.length)} steps; the copy has all
            </p>
          )}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
          <section class="scroll" tabIndex={0} aria-label={`${title}, all steps`}>
            <table class="grid num">
              <thead>
                <tr>
                  <th scope="col">step</th>
                  {lines.map((line) => (
                    <th key={line.name} scope="col">
                      {line.name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {steps.slice(-mostRows).map((step, i) => (
                  <tr key={step}>
                    <th scope="row">{step}</th>
                    {lines.map((line) => (
                      <td key={line.name}>{figure(line.values[i + Math.max(0, steps.length - mostRows)])}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </details>
  );
}
