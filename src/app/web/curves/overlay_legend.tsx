import { counted } from "../labels/numbers.ts";
import { Stroke } from "./curve_key.tsx";
import { useCurves } from "./curves_context.ts";
import { haveSeeds } from "./drawn_runs.ts";
import { type SeedView, seedViews } from "./seed_bands.ts";
import type { RunsToDraw } from "./use_runs.ts";

const seedLabels: Record<SeedView, string> = {
  each: "each run by itself",
  deviation: "mean ± standard deviation",
  range: "mean, smallest to largest",
};

/** The runs of the charts by what they differ in, each with its line; how seeds are drawn. */
export function OverlayLegend({ runs: { legend, candidates } }: { runs: RunsToDraw }) {
  const control = useCurves();
  const reading = control.reading.value;
  if (legend.length === 0 && reading.length === 0) return null;
  return (
    <div class="card overlay-legend">
      <h3>{counted(candidates.length, "run")} in the charts, by what differs</h3>
      <ul>
        {legend.map((one) => (
          <li key={one.removable.join() || one.name}>
            <Stroke run={one} /> <span class="name">{one.name}</span>
            {one.removable.length > 0 && (
              <button
                type="button"
                class="icon"
                aria-label={`Take ${one.name} out of the charts`}
                title={one.removable.join(", ")}
                onClick={() => {
                  for (const name of one.removable) control.overlay(name, false);
                }}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {reading.length > 0 && (
        <p class="soft small" role="status">
          reading {counted(reading.length, "run")}…
        </p>
      )}
      {haveSeeds(candidates) && (
        <p class="small">
          <label>
            Seeds of one setting:{" "}
            <select
              value={control.layout.value.seeds}
              onChange={(event) => control.set({ seeds: event.currentTarget.value as SeedView })}
            >
              {seedViews.map((view) => (
                <option key={view} value={view}>
                  {seedLabels[view]}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
    </div>
  );
}
