import { figure } from "../labels/numbers.ts";
import type { Line } from "../widgets/plot_lines.ts";
import type { CurveSpec, Part } from "./catalogue.ts";
import type { DrawnRun } from "./chart.ts";
import { type LegendRun, valueAt } from "./drawn_runs.ts";
import type { RunPoints } from "./run_points.ts";

/** More runs than these have their numbers in the table alone. */
const mostNumbers = 8;

/** What each line of a run's chart is, with its number at a step. */
export function CurveKey({
  spec,
  run,
  step,
  heldOut,
}: {
  spec: CurveSpec;
  run: RunPoints;
  step: number | null;
  heldOut: readonly Line[];
}) {
  const parts = spec.parts.length > 1 ? spec.parts : [];
  const dots = heldOut.filter(({ look }) => look === "dots" || look === "rings");
  if (parts.length + dots.length === 0 && !spec.band) return null;
  return (
    <p class="key">
      {parts.map(({ key, name, colour }) => (
        <span key={key}>
          <i style={{ background: `var(${colour})` }} aria-hidden="true" />
          {name} <b>{figure(valueAt(run, key, step)?.value)}</b>
        </span>
      ))}
      {dots.map(({ name, colour, look }) => (
        <span key={name}>
          <i class={look} style={{ color: `var(${colour})` }} aria-hidden="true" />
          {name.replace(/^.*?, held-out/, "held-out")}
        </span>
      ))}
      {spec.band && <span>band: smallest to largest</span>}
    </p>
  );
}

/** Of several runs: which metric of the chart is drawn, and each run's number at a step. */
export function OverlayKey({
  spec,
  part,
  legend,
  step,
  onPart,
}: {
  spec: CurveSpec;
  part: Part;
  legend: readonly LegendRun[];
  step: number | null;
  onPart(part: Part): void;
}) {
  return (
    <div class="key">
      {spec.parts.length > 1 && (
        <select
          aria-label={`Which part of ${spec.title} is drawn`}
          value={part.key}
          onChange={(event) => {
            const found = spec.parts.find(({ key }) => key === event.currentTarget.value);
            if (found) onPart(found);
          }}
        >
          {spec.parts.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
      {legend.length <= mostNumbers &&
        legend.map((one) => (
          <span key={one.name} title={one.name}>
            <Stroke run={one} />
            <span class="hidden">{one.name}: </span>
            <b>{numberOf(one, part.key, step)}</b>
          </span>
        ))}
    </div>
  );
}

/** Of several seeds their mean. */
function numberOf({ runs }: DrawnRun, key: string, step: number | null): string {
  const values = runs.flatMap((run) => valueAt(run, key, step)?.value ?? []);
  return figure(values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** A piece of a run's line. */
export function Stroke({ run: { colour, dash } }: { run: Pick<DrawnRun, "colour" | "dash"> }) {
  return (
    <svg class="stroke" width="24" height="6" viewBox="0 0 24 6" aria-hidden="true">
      <line
        x1="0"
        y1="3"
        x2="24"
        y2="3"
        stroke-width="2.5"
        style={{ stroke: `var(${colour})` }}
        stroke-dasharray={dash?.join(" ")}
      />
    </svg>
  );
}
