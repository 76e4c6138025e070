import { useEffect, useMemo, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { tick } from "../labels/numbers.ts";
import { theme } from "./theme.ts";

/** One series over the steps of its plot; null where there is no value. */
export interface Line {
  name: string;
  /** CSS variable. */
  colour: string;
  values: readonly (number | null)[];
  look?: "faint" | "dots";
}

interface Props {
  /** Read aloud in place of the picture. */
  label: string;
  steps: readonly number[];
  lines: readonly Line[];
  /** Fixed scale; free where absent. */
  range?: [number, number];
  /** A step to mark with an upright line. */
  mark?: number | null;
  onHover?: (step: number | null) => void;
  onPick?: (step: number) => void;
}

const heightPx = 104;

/** A uPlot that follows its width and the theme. It is made again only if its lines change, not their values. */
export function Plot({ label, steps, lines, range, mark, onHover, onPick }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const latest = useRef({ mark, onHover, onPick });
  latest.current = { mark, onHover, onPick };
  const looks = lines.map(({ name, colour, look }) => `${name} ${colour} ${look}`).join();
  const data = useMemo(
    () => [steps, ...lines.map((line) => line.values)] as unknown as UPlot.AlignedData,
    [steps, lines],
  );

  useEffect(() => {
    const host = element.current!;
    const made = new UPlot(optionsOf(host.clientWidth, lines, range, latest), data, host);
    plot.current = made;
    const resize = new ResizeObserver(() => {
      if (host.clientWidth > 0) made.setSize({ width: host.clientWidth, height: heightPx });
    });
    resize.observe(host);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [looks, theme.value, range?.[0], range?.[1]]);

  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [mark]);
  return <div ref={element} class="plot-canvas" role="img" aria-label={label} />;
}

type Latest = { current: Pick<Props, "mark" | "onHover" | "onPick"> };

function optionsOf(width: number, lines: readonly Line[], range: Props["range"], latest: Latest): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colourOf("--faint"), font: "10px system-ui, sans-serif", ticks: { show: false } };
  return {
    width: Math.max(width, 50),
    height: heightPx,
    padding: [6, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false }, y: range ? { range } : { range: (_, low, high) => roomy(low, high) } },
    axes: [
      { ...axis, grid: { show: false }, size: 18, gap: 2, space: 40, incrs: wholeSteps },
      {
        ...axis,
        grid: { stroke: colourOf("--line"), width: 1 },
        size: 38,
        gap: 3,
        space: 28,
        values: (_, splits) => splits.map(tick),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colour, look }): UPlot.Series => {
        const stroke = colourOf(colour);
        if (look === "dots")
          return { label: name, stroke, paths: () => null, points: { show: true, size: 6, fill: stroke } };
        const faint = look === "faint";
        return {
          label: name,
          stroke,
          alpha: faint ? 0.35 : 1,
          width: faint ? 1.5 : 2,
          spanGaps: true,
          points: { show: onlyOne, size: 5, fill: stroke },
        };
      }),
    ],
    hooks: {
      draw: [(plot) => drawMark(plot, latest.current.mark, colourOf("--faint"))],
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx;
          latest.current.onHover?.(plot.cursor.left! < 0 || index == null ? null : plot.data[0][index]!);
        },
      ],
      ready: [
        (plot) =>
          plot.over.addEventListener("click", () => {
            const index = plot.cursor.idx;
            if (index != null) latest.current.onPick?.(plot.data[0][index]!);
          }),
      ],
    },
  };
}

/** A single value has no line to be seen by. */
const onlyOne = (plot: UPlot, series: number): boolean =>
  Array.from(plot.data[series] ?? []).filter((value) => value != null).length === 1;

const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000];

function roomy(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const margin = (high - low || Math.abs(high) || 1) * 0.1;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
}

function drawMark(plot: UPlot, step: number | null | undefined, colour: string): void {
  if (step === null || step === undefined) return;
  const x = Math.round(plot.valToPos(step, "x", true));
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
