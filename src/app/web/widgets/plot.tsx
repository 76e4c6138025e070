import { useEffect, useMemo, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Band, Line, Mark } from "./plot_lines.ts";
import { plotHeightPx, plotOptions } from "./plot_options.ts";
import { theme } from "./theme.ts";

export interface PlotProps {
  /** Read aloud in place of the picture. */
  label: string;
  steps: readonly number[];
  lines: readonly Line[];
  bands?: readonly Band[];
  /** Fixed scale; free where absent. */
  range?: readonly [number, number];
  /** Upward by powers of ten; values that are not above 0 are not drawn. */
  logarithmic?: boolean;
  /** A step to mark with an upright line. */
  mark?: number | null;
  marks?: readonly Mark[];
  onHover?: (step: number | null) => void;
  onPick?: (step: number) => void;
  /** Steps that were dragged over; null where all are wanted again. */
  onZoom?: (window: [number, number] | null) => void;
}

/** What a plot asks at each drawing: these change without it being made again. */
export type Latest = { current: Pick<PlotProps, "mark" | "marks" | "onHover" | "onPick" | "onZoom"> };

/** A uPlot that follows its width and the theme. It is made again only if its lines change, not their values. */
export function Plot({ label, steps, lines, bands = [], range, logarithmic = false, ...current }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const latest = useRef<Latest["current"]>(current);
  latest.current = current;
  const { mark, marks } = current;
  const looks = JSON.stringify([lines.map(({ name, colour, look, dash }) => [name, colour, look, dash]), bands]);
  const data = useMemo(() => {
    const drawable = (value: number | null) => (value !== null && value > 0 ? value : null);
    const values = lines.map((line) => (logarithmic ? line.values.map(drawable) : line.values));
    return [steps, ...values] as unknown as UPlot.AlignedData;
  }, [steps, lines, logarithmic]);

  useEffect(() => {
    const host = element.current!;
    const options = plotOptions({ width: host.clientWidth, lines, bands, range, logarithmic }, latest);
    const made = new UPlot(options, data, host);
    plot.current = made;
    const resize = new ResizeObserver(() => {
      if (host.clientWidth > 0) made.setSize({ width: host.clientWidth, height: plotHeightPx });
    });
    resize.observe(host);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [looks, theme.value, range?.[0], range?.[1], logarithmic]);

  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [mark, marks]);
  return <div ref={element} class="plot-canvas" role="img" aria-label={label} />;
}
