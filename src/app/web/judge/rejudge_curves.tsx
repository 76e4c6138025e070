import { useMemo } from "preact/hooks";
import type { RejudgedStep, Standing } from "../../judge/rejudge.ts";
import { figure } from "../labels/numbers.ts";
import { Plot } from "../widgets/plot.tsx";
import type { Line } from "../widgets/plot_lines.ts";
import { PlotTable } from "../widgets/plot_table.tsx";

/** Before and after, each measure on one scale. */
export function RejudgeCurves({ steps, judge }: { steps: readonly RejudgedStep[]; judge: string }) {
  const curves = useMemo(
    () =>
      (["accuracy", "reward"] as const).map((measure) => {
        const values = (side: "before" | "after") => steps.map((step) => step[side][measure]);
        const all = [...values("before"), ...values("after")].filter((value) => value !== null);
        const [low, high] = [Math.min(0, ...all), Math.max(...all, 0.1)];
        const range: [number, number] = measure === "accuracy" ? [0, 1] : [low * 1.1, high * 1.1];
        return { measure, range, before: values("before"), after: values("after") };
      }),
    [steps],
  );
  const numbers = useMemo(() => steps.map(({ step }) => step), [steps]);
  return (
    <div class="pairs">
      {curves.map(({ measure, range, before, after }) => (
        <div key={measure} class="pair">
          <Side title={`${measure}, as stored`} colour="--soft" numbers={numbers} values={before} range={range} />
          <Side
            title={`${measure}, ${judge}`}
            colour={measure === "accuracy" ? "--answer" : "--total"}
            numbers={numbers}
            values={after}
            range={range}
          />
        </div>
      ))}
    </div>
  );
}

function Side({
  title,
  colour,
  numbers,
  values,
  range,
}: {
  title: string;
  colour: string;
  numbers: readonly number[];
  values: readonly Standing["accuracy"][];
  range: [number, number];
}) {
  const lines = useMemo((): Line[] => [{ name: title, colour, values }], [title, colour, values]);
  const last = figure(values.at(-1));
  return (
    <div class="plot">
      <h3>{title}</h3>
      <div class="now">
        <b>{last}</b>
      </div>
      <Plot
        label={`${title} over steps, ${numbers.length} points, ${last} at the last`}
        steps={numbers}
        lines={lines}
        range={range}
      />
      <PlotTable title={title} rows={() => ({ steps: numbers, lines })} />
    </div>
  );
}
