import type { Box, Pixels } from "../../image/pixels.ts";
import { glyphRows, textColumns, textDots } from "./glyphs.ts";
import type { Scene, SceneObject } from "./scene.ts";
import { waveRows } from "./waves.ts";

/** A square part of a scene, in source pixels; fractions are fine. */
export interface View {
  left: number;
  top: number;
  sidePx: number;
}

export const wholeScene = ({ sidePx }: Pick<Scene, "sidePx">): View => ({ left: 0, top: 0, sidePx });

/** Side of the smallest square that a zoom cuts out, source pixels. */
const zoomMinPx = 32;

/** What a zoom into this box of a picture shows: the smallest square about its centre that holds it, moved inside the picture. */
export function squareView([left, top, right, bottom]: Box, within: View): View {
  const sidePx = Math.min(within.sidePx, Math.max(zoomMinPx, right - left, bottom - top));
  const inside = (start: number, first: number) => Math.min(Math.max(start, first), first + within.sidePx - sidePx);
  return {
    left: inside((left + right - sidePx) / 2, within.left),
    top: inside((top + bottom - sidePx) / 2, within.top),
    sidePx,
  };
}

/** How much of the pixel [start, start + pitch) the range [low, high) covers, 0 to 1. */
const covered = (start: number, pitch: number, low: number, high: number): number =>
  Math.max(0, Math.min(start + pitch, high) - Math.max(start, low)) / pitch;

/**
 * Signed distance in source pixels from a point to the rim of a shape, positive inside: exact for the circle, by
 * the nearest side for the others. dx is |x - centre|, dy is y - centre, h half the object's size.
 */
function depth(shape: SceneObject["shape"], dx: number, dy: number, h: number): number {
  switch (shape) {
    case "circle":
      return h - Math.sqrt(dx * dx + dy * dy);
    case "square":
      return 0.9 * h - Math.max(dx, Math.abs(dy));
    case "diamond":
      return (1.08 * h - dx - Math.abs(dy)) * Math.SQRT1_2;
    case "triangle":
      // Apex up: two slanted sides (2 / sqrt 5 turns the horizontal distance into the perpendicular one), one base.
      return Math.min(((dy + h) / 2 - dx) * 0.8944, h - dy);
  }
}

/**
 * A scene as a camera would show it through a square window: every rendered pixel is the mean of its part of the
 * scene, except that the slow waves are taken at its centre and rims of shapes are one rendered pixel wide.
 * @param renderPx side of the picture
 */
export function renderWindow(scene: Scene, view: View, renderPx: number): Pixels {
  const pitch = view.sidePx / renderPx;
  // A clamped array rounds and clips by itself.
  const levels = new Uint8ClampedArray(renderPx * renderPx * 3);
  const red = new Float32Array(renderPx);
  const green = new Float32Array(renderPx);
  const blue = new Float32Array(renderPx);
  const canvas: Canvas = { view, pitch, row: { red, green, blue } };
  const waves = waveRows(scene, view, renderPx);
  const bars = scene.bars.map((bar) => placedBar(bar, view, renderPx));
  const objects = scene.objects.map((object) => placed(object, view, renderPx));
  const [baseRed, baseGreen, baseBlue] = scene.base;
  for (let y = 0, to = 0; y < renderPx; y++) {
    const grey = waves(y);
    for (let x = 0; x < renderPx; x++) {
      red[x] = grey[x]! + baseRed;
      green[x] = grey[x]! + baseGreen;
      blue[x] = grey[x]! + baseBlue;
    }
    for (const bar of bars) paintBar(bar, y, canvas);
    for (const object of objects) {
      const { firstRow, endRow, ink } = object;
      if (y >= firstRow && y < endRow) paintShape(object, y, canvas);
      if (y >= ink.firstRow && y < ink.endRow) paintInk(object, y, canvas);
    }
    for (let x = 0; x < renderPx; x++, to += 3) {
      levels[to] = red[x]!;
      levels[to + 1] = green[x]!;
      levels[to + 2] = blue[x]!;
    }
  }
  return { width: renderPx, height: renderPx, data: new Uint8Array(levels.buffer) };
}

interface Row {
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
}

/** The row that is painted, and where it lies in the scene. */
interface Canvas {
  view: View;
  /** Source pixels a rendered pixel. */
  pitch: number;
  row: Row;
}

/** Moves a pixel's levels this share of the way to others. */
function paint({ red, green, blue }: Row, x: number, levels: readonly [number, number, number], share: number): void {
  red[x]! += (levels[0] - red[x]!) * share;
  green[x]! += (levels[1] - green[x]!) * share;
  blue[x]! += (levels[2] - blue[x]!) * share;
}

/** A bar with the columns of the rendered picture that it may touch. */
interface PlacedBar {
  bar: Scene["bars"][number];
  firstColumn: number;
  /** How much of each of these columns it covers. */
  shares: Float64Array;
}

function placedBar(bar: Scene["bars"][number], { left, sidePx }: View, renderPx: number): PlacedBar {
  const pitch = sidePx / renderPx;
  const right = bar.xPx + bar.widthPx;
  const firstColumn = Math.max(0, Math.floor((bar.xPx - left) / pitch));
  const endColumn = Math.min(renderPx, Math.ceil((right - left) / pitch));
  const shares = Float64Array.from({ length: Math.max(0, endColumn - firstColumn) }, (_, i) =>
    covered(left + (firstColumn + i) * pitch, pitch, bar.xPx, right),
  );
  return { bar, firstColumn, shares };
}

function paintBar({ bar, firstColumn, shares }: PlacedBar, y: number, { view: { top }, pitch, row }: Canvas): void {
  const share = covered(top + y * pitch, pitch, bar.yPx, bar.yPx + bar.heightPx);
  if (share === 0) return;
  for (let i = 0; i < shares.length; i++) paint(row, firstColumn + i, bar.levels, share * shares[i]!);
}

/** An object with the rows and columns of the rendered picture that it may touch. */
export interface Placed {
  object: SceneObject;
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  ink: Ink;
}

/** Where a text's ink falls: the share of each rendered pixel is `rows * dots * columns`. */
interface Ink {
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  /** Columns of dots. */
  dots: number;
  /** (columns, dots): share of the column that the dot covers */
  columns: Float32Array;
  /** (rows, dots): how much ink the row has in each of the text's columns of dots */
  rows: Float32Array;
}

export function placed(object: SceneObject, view: View, renderPx: number): Placed {
  const { xPx, yPx, sizePx } = object;
  const { left, top, sidePx } = view;
  const pitch = sidePx / renderPx;
  // The diamond reaches .54 sizes out, the soft rim 1.2 rendered pixels (at the triangle's apex).
  const reach = 0.54 * sizePx + 1.2 * pitch;
  return {
    object,
    firstRow: Math.max(0, Math.floor((yPx - reach - top) / pitch)),
    endRow: Math.min(renderPx, Math.ceil((yPx + reach - top) / pitch)),
    firstColumn: Math.max(0, Math.floor((xPx - reach - left) / pitch)),
    endColumn: Math.min(renderPx, Math.ceil((xPx + reach - left) / pitch)),
    ink: placedInk(object, view, renderPx),
  };
}

function placedInk({ xPx, yPx, sizePx, dotPx, shape, text }: SceneObject, view: View, renderPx: number): Ink {
  const { left, top, sidePx } = view;
  const pitch = sidePx / renderPx;
  const dots = textDots(text);
  const textDotColumns = textColumns(text);
  const startX = xPx - (textDotColumns / 2) * dotPx;
  // A triangle is widest below its middle.
  const startY = yPx - (glyphRows / 2) * dotPx + (shape === "triangle" ? sizePx / 8 : 0);
  const firstColumn = Math.max(0, Math.floor((startX - left) / pitch));
  const endColumn = Math.max(
    firstColumn,
    Math.min(renderPx, Math.ceil((startX + textDotColumns * dotPx - left) / pitch)),
  );
  const firstRow = Math.max(0, Math.floor((startY - top) / pitch));
  const endRow = Math.max(firstRow, Math.min(renderPx, Math.ceil((startY + glyphRows * dotPx - top) / pitch)));
  const columns = new Float32Array((endColumn - firstColumn) * textDotColumns);
  const rows = new Float32Array((endRow - firstRow) * textDotColumns);
  for (let i = firstColumn, to = 0; i < endColumn; i++)
    for (let k = 0; k < textDotColumns; k++)
      columns[to++] = covered(left + i * pitch, pitch, startX + k * dotPx, startX + (k + 1) * dotPx);
  for (let i = firstRow; i < endRow; i++)
    for (let k = 0; k < glyphRows; k++) {
      const share = covered(top + i * pitch, pitch, startY + k * dotPx, startY + (k + 1) * dotPx);
      for (let j = 0; j < textDotColumns; j++) if (dots[k]![j]) rows[(i - firstRow) * textDotColumns + j]! += share;
    }
  return { firstRow, endRow, firstColumn, endColumn, dots: textDotColumns, columns, rows };
}

function paintShape({ object, firstColumn, endColumn }: Placed, y: number, { view, pitch, row }: Canvas): void {
  const { shape, xPx, yPx, sizePx, levels } = object;
  const dy = view.top + (y + 0.5) * pitch - yPx;
  for (let x = firstColumn; x < endColumn; x++) {
    const dx = Math.abs(view.left + (x + 0.5) * pitch - xPx);
    const part = Math.min(1, 0.5 + depth(shape, dx, dy, sizePx / 2) / pitch);
    if (part > 0) paint(row, x, levels, part);
  }
}

/** Ink by the exact area of each rendered pixel that dots cover. */
function paintInk({ object, ink }: Placed, y: number, { row }: Canvas): void {
  const levels = [object.ink, object.ink, object.ink] as const;
  const { firstRow, firstColumn, endColumn, dots, columns, rows } = ink;
  const inRow = (y - firstRow) * dots;
  for (let x = firstColumn, from = 0; x < endColumn; x++) {
    let part = 0;
    for (let j = 0; j < dots; j++) part += rows[inRow + j]! * columns[from++]!;
    paint(row, x, levels, part);
  }
}
