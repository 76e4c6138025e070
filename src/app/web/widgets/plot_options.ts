import type UPlot from "uplot";
import { tick } from "../labels/numbers.ts";
import type { Latest, PlotProps } from "./plot.tsx";
import type { Band, Line } from "./plot_lines.ts";
import { drawMarks } from "./plot_marks.ts";

export const plotHeightPx = 104;

interface Looks extends Pick<PlotProps, "range"> {
  width: number;
  lines: readonly Line[];
  bands: readonly Band[];
  logarithmic: boolean;
}

/** How uPlot draws a plot of the page. */
export function plotOptions({ width, lines, bands, range, logarithmic }: Looks, latest: Latest): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colourOf("--faint"), font: "10px system-ui, sans-serif", ticks: { show: false } };
  const linear = range ? { range: [...range] as [number, number] } : { range: free };
  return {
    width: Math.max(width, 50),
    height: plotHeightPx,
    padding: [6, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 6 }, points: { show: false } },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: false }, y: logarithmic ? { distr: 3, log: 10, range: powers } : linear },
    axes: [
      { ...axis, grid: { show: false }, size: 18, gap: 2, space: 40, incrs: wholeSteps },
      {
        ...axis,
        grid: { stroke: colourOf("--line"), width: 1 },
        size: 38,
        gap: 3,
        space: logarithmic ? 18 : 28,
        values: (_, splits) => splits.map((value) => (value === null ? "" : logarithmic ? power(value) : tick(value))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, colourOf))],
    // uPlot names the upper line of a band first; places count the steps.
    bands: bands.map(({ low, high, colour }) => ({ series: [high + 1, low + 1], fill: `${colourOf(colour)}33` })),
    hooks: {
      draw: [(plot) => drawMarks(plot, latest.current, colourOf)],
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx;
          latest.current.onHover?.(plot.cursor.left! < 0 || index == null ? null : plot.data[0][index]!);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6 || !latest.current.onZoom) return;
          const [low, high] = [left, left + width].map((px) => plot.posToVal(px, "x")) as [number, number];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          const window: [number, number] = [Math.ceil(low), Math.floor(high)];
          if (window[1] > window[0]) latest.current.onZoom(window);
        },
      ],
      ready: [listen(latest)],
    },
  };
}

/** A click picks a step, a double click shows all of them; the end of dragging is no click. */
const listen = (latest: Latest) => (plot: UPlot) => {
  let pressedAt = 0;
  plot.over.addEventListener("pointerdown", (event) => {
    pressedAt = event.clientX;
  });
  plot.over.addEventListener("click", (event) => {
    const index = plot.cursor.idx;
    if (index != null && Math.abs(event.clientX - pressedAt) < 6) latest.current.onPick?.(plot.data[0][index]!);
  });
  plot.over.addEventListener("dblclick", () => latest.current.onZoom?.(null));
};

function seriesOf({ name, colour, look, dash }: Line, colourOf: (name: string) => string): UPlot.Series {
  const stroke = colourOf(colour);
  if (look === "dots" || look === "rings") {
    const fill = look === "dots" ? stroke : colourOf("--card");
    return { label: name, stroke, paths: () => null, points: { show: true, size: 6, width: 1.5, stroke, fill } };
  }
  if (look === "edge") return { label: name, stroke, width: 0, spanGaps: true, points: { show: false } };
  const faint = look === "faint";
  return {
    label: name,
    stroke,
    alpha: faint ? 0.35 : 1,
    width: faint ? 1.5 : 2,
    ...(dash && { dash: [...dash] }),
    spanGaps: true,
    points: { show: onlyOne, size: 5, fill: stroke },
  };
}

/** A single value has no line to be seen by. */
const onlyOne = (plot: UPlot, series: number): boolean =>
  Array.from(plot.data[series] ?? []).filter((value) => value != null).length === 1;

const wholeSteps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
];

/** With some room around what there is. */
function free(_: UPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  // What differs by rounding alone is a level line.
  const isLevel = high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  const margin = (isLevel ? Math.abs(high) || 1 : high - low) * 0.1;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
}

/** Whole powers of ten around what there is. */
function powers(_: UPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || low <= 0) return [0.1, 1];
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return [10 ** from, 10 ** (to > from ? to : from + 1)];
}

/** 0.01, 1, 1e−5. */
const power = (value: number): string =>
  Math.abs(Math.log10(value)) > 3.5 ? value.toExponential(0).replace("e+", "e").replace("-", "−") : tick(value);
