import type UPlot from "uplot";
import type { Latest } from "./plot.tsx";
import type { Mark } from "./plot_lines.ts";

/** CSS variables of what is marked. */
export const markColours: Record<Mark["kind"], string> = {
  settings: "--zoom2",
  alarm: "--bad",
  evaluation: "--gold",
};

/** Marks of a kind that are nearer than this to the one before it would only be a stripe. */
const leastPx: Record<Mark["kind"], number> = { settings: 3, alarm: 6, evaluation: 8 };

/** The step that is looked at, and what happened at others. */
export function drawMarks(
  plot: UPlot,
  { mark, marks = [] }: Pick<Latest["current"], "mark" | "marks">,
  colourOf: (name: string) => string,
): void {
  const { ctx, bbox } = plot;
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const unit = devicePixelRatio;
  const isIn = (step: number): boolean => step >= (min ?? 0) && step <= (max ?? 0);
  const placeOf = (step: number): number => Math.round(plot.valToPos(step, "x", true));
  ctx.save();
  ctx.lineWidth = unit;
  const before = new Map<Mark["kind"], number>();
  for (const { step, kind } of marks) {
    if (!isIn(step)) continue;
    const x = placeOf(step);
    if (x - (before.get(kind) ?? Number.NEGATIVE_INFINITY) < leastPx[kind] * unit) continue;
    before.set(kind, x);
    ctx.strokeStyle = ctx.fillStyle = colourOf(markColours[kind]);
    if (kind === "evaluation") {
      triangle(ctx, x, bbox.top + bbox.height, -5 * unit);
      continue;
    }
    if (kind === "settings") line(ctx, x, bbox, [2 * unit, 2 * unit]);
    if (kind === "settings") diamond(ctx, x, bbox.top + 3 * unit, 4 * unit);
    else triangle(ctx, x, bbox.top - 2 * unit, 7 * unit);
  }
  if (mark !== null && mark !== undefined && isIn(mark)) {
    ctx.strokeStyle = colourOf("--faint");
    line(ctx, placeOf(mark), bbox, [3 * unit, 3 * unit]);
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x: number, bbox: UPlot["bbox"], dash: number[]): void {
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** With its tip below or, where the height is negative, above its base. */
function triangle(ctx: CanvasRenderingContext2D, x: number, base: number, height: number): void {
  const half = Math.abs(height) / 2 + 1;
  polygon(ctx, [
    [x - half, base],
    [x + half, base],
    [x, base + height],
  ]);
}

const diamond = (ctx: CanvasRenderingContext2D, x: number, y: number, half: number): void =>
  polygon(ctx, [
    [x - half, y],
    [x, y - half],
    [x + half, y],
    [x, y + half],
  ]);

function polygon(ctx: CanvasRenderingContext2D, corners: readonly [number, number][]): void {
  ctx.beginPath();
  for (const [x, y] of corners) ctx.lineTo(x, y);
  ctx.closePath();
  ctx.fill();
}
