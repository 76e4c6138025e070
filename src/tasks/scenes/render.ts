import type { Box, Pixels } from "../../image/pixels.ts";
import { glyphColumns, glyphRows, glyphs } from "./glyphs.ts";
import { type Scene, type SceneObject, sceneSidePx } from "./scene.ts";

/** A square part of a scene, in source pixels; fractions are fine. */
export interface View {
  left: number;
  top: number;
  sidePx: number;
}

export const wholeScene: View = { left: 0, top: 0, sidePx: sceneSidePx };

/** The least that a zoom shows, source pixels. */
const zoomMinPx = 32;

/** What a zoom into this box shows: the smallest square about its centre that holds it, moved inside the scene. */
export function squareView([left, top, right, bottom]: Box): View {
  const sidePx = Math.min(sceneSidePx, Math.max(zoomMinPx, right - left, bottom - top));
  const inside = (start: number) => Math.min(Math.max(start, 0), sceneSidePx - sidePx);
  return { left: inside((left + right - sidePx) / 2), top: inside((top + bottom - sidePx) / 2), sidePx };
}

/** How much of the pixel [start, start + pitch) the stretch [low, high) covers, 0 to 1. */
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
 * A scene as a camera would show it through a square window: every shown pixel is the mean of its part of the
 * scene, except that the slow waves are taken at its centre and rims of shapes are one shown pixel wide.
 * @param shownPx side of the picture
 */
export function renderWindow(scene: Scene, view: View, shownPx: number): Pixels {
  const pitch = view.sidePx / shownPx;
  const levels = new Uint8ClampedArray(shownPx * shownPx * 3);
  const red = new Float32Array(shownPx);
  const green = new Float32Array(shownPx);
  const blue = new Float32Array(shownPx);
  const row = { red, green, blue };
  const ground = waveRows(scene, view, shownPx);
  const objects = scene.objects.map((object) => placed(object, view, shownPx));
  for (let y = 0, to = 0; y < shownPx; y++) {
    ground(y, row);
    for (const bar of scene.bars) paintBar(bar, y, view, pitch, row);
    for (const object of objects) {
      const { firstRow, endRow, digit } = object;
      if (y >= firstRow && y < endRow) paintShape(object, y, view, pitch, row);
      if (y >= digit.firstRow && y < digit.endRow) paintDigit(object, y, row);
    }
    for (let x = 0; x < shownPx; x++) {
      // A clamped array rounds and clips by itself.
      levels[to++] = red[x];
      levels[to++] = green[x];
      levels[to++] = blue[x];
    }
  }
  return { width: shownPx, height: shownPx, data: new Uint8Array(levels.buffer) };
}

interface Row {
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
}

/** Writes rows of the ground: base and waves. cos(ax + by + c) comes from a table per column and two numbers per row. */
function waveRows(scene: Scene, { left, top, sidePx }: View, shownPx: number): (y: number, row: Row) => void {
  const pitch = sidePx / shownPx;
  const turn = (2 * Math.PI) / sceneSidePx;
  const waves = scene.waves.map((wave) => {
    const cosines = new Float32Array(shownPx);
    const sines = new Float32Array(shownPx);
    for (let x = 0; x < shownPx; x++) {
      const angle = turn * wave.cyclesX * (left + (x + 0.5) * pitch);
      cosines[x] = Math.cos(angle);
      sines[x] = Math.sin(angle);
    }
    return { ...wave, cosines, sines };
  });
  const grey = new Float32Array(shownPx);
  return (y, { red, green, blue }) => {
    grey.fill(0);
    for (const { cyclesY, phase, amplitude, cosines, sines } of waves) {
      const angle = turn * cyclesY * (top + (y + 0.5) * pitch) + phase;
      const cosine = amplitude * Math.cos(angle);
      const sine = amplitude * Math.sin(angle);
      for (let x = 0; x < shownPx; x++) grey[x] += cosine * cosines[x] - sine * sines[x];
    }
    const [baseRed, baseGreen, baseBlue] = scene.base;
    for (let x = 0; x < shownPx; x++) {
      red[x] = grey[x] + baseRed;
      green[x] = grey[x] + baseGreen;
      blue[x] = grey[x] + baseBlue;
    }
  };
}

function paintBar(bar: Scene["bars"][number], y: number, { left, top }: View, pitch: number, row: Row): void {
  const share = covered(top + y * pitch, pitch, bar.yPx, bar.yPx + bar.heightPx);
  if (share === 0) return;
  const { red, green, blue } = row;
  const right = bar.xPx + bar.widthPx;
  const first = Math.max(0, Math.floor((bar.xPx - left) / pitch));
  const end = Math.min(red.length, Math.ceil((right - left) / pitch));
  for (let x = first; x < end; x++) {
    const part = share * covered(left + x * pitch, pitch, bar.xPx, right);
    red[x] += (bar.levels[0] - red[x]) * part;
    green[x] += (bar.levels[1] - green[x]) * part;
    blue[x] += (bar.levels[2] - blue[x]) * part;
  }
}

/** An object with the rows and columns of the shown picture that it may touch. */
interface Placed {
  object: SceneObject;
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  digit: Digit;
}

/** Where a digit's ink falls: the share of each shown pixel is `rows * glyph * columns`. */
interface Digit {
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  /** (shown columns, dots): share of the column that the dot covers */
  columns: Float32Array;
  /** (shown rows, dots): how much ink the row has in each of the glyph's columns */
  rows: Float32Array;
}

function placed(object: SceneObject, view: View, shownPx: number): Placed {
  const { xPx, yPx, sizePx } = object;
  const { left, top, sidePx } = view;
  const pitch = sidePx / shownPx;
  // The diamond reaches .54 sizes out, the soft rim 1.2 shown pixels (at the triangle's apex).
  const reach = 0.54 * sizePx + 1.2 * pitch;
  return {
    object,
    firstRow: Math.max(0, Math.floor((yPx - reach - top) / pitch)),
    endRow: Math.min(shownPx, Math.ceil((yPx + reach - top) / pitch)),
    firstColumn: Math.max(0, Math.floor((xPx - reach - left) / pitch)),
    endColumn: Math.min(shownPx, Math.ceil((xPx + reach - left) / pitch)),
    digit: placedDigit(object, view, shownPx),
  };
}

function placedDigit({ xPx, yPx, sizePx, dotPx, shape, digit }: SceneObject, view: View, shownPx: number): Digit {
  const { left, top, sidePx } = view;
  const pitch = sidePx / shownPx;
  const startX = xPx - (glyphColumns / 2) * dotPx;
  // A triangle is widest below its middle.
  const startY = yPx - (glyphRows / 2) * dotPx + (shape === "triangle" ? sizePx / 8 : 0);
  const firstColumn = Math.max(0, Math.floor((startX - left) / pitch));
  const endColumn = Math.max(firstColumn, Math.min(shownPx, Math.ceil((startX + glyphColumns * dotPx - left) / pitch)));
  const firstRow = Math.max(0, Math.floor((startY - top) / pitch));
  const endRow = Math.max(firstRow, Math.min(shownPx, Math.ceil((startY + glyphRows * dotPx - top) / pitch)));
  const columns = new Float32Array((endColumn - firstColumn) * glyphColumns);
  const rows = new Float32Array((endRow - firstRow) * glyphColumns);
  for (let i = firstColumn, to = 0; i < endColumn; i++)
    for (let k = 0; k < glyphColumns; k++)
      columns[to++] = covered(left + i * pitch, pitch, startX + k * dotPx, startX + (k + 1) * dotPx);
  for (let i = firstRow; i < endRow; i++)
    for (let k = 0; k < glyphRows; k++) {
      const share = covered(top + i * pitch, pitch, startY + k * dotPx, startY + (k + 1) * dotPx);
      const dots = glyphs[digit][k];
      for (let j = 0; j < glyphColumns; j++) if (dots[j] === "1") rows[(i - firstRow) * glyphColumns + j] += share;
    }
  return { firstRow, endRow, firstColumn, endColumn, columns, rows };
}

function paintShape({ object, firstColumn, endColumn }: Placed, y: number, view: View, pitch: number, row: Row): void {
  const { red, green, blue } = row;
  const { shape, xPx, yPx, sizePx, levels } = object;
  const dy = view.top + (y + 0.5) * pitch - yPx;
  for (let x = firstColumn; x < endColumn; x++) {
    const dx = Math.abs(view.left + (x + 0.5) * pitch - xPx);
    const part = Math.min(1, 0.5 + depth(shape, dx, dy, sizePx / 2) / pitch);
    if (part <= 0) continue;
    red[x] += (levels[0] - red[x]) * part;
    green[x] += (levels[1] - green[x]) * part;
    blue[x] += (levels[2] - blue[x]) * part;
  }
}

/** Ink by the exact area of each shown pixel that dots cover. */
function paintDigit({ object, digit }: Placed, y: number, { red, green, blue }: Row): void {
  const { ink } = object;
  const { firstRow, firstColumn, endColumn, columns, rows } = digit;
  const inRow = (y - firstRow) * glyphColumns;
  for (let x = firstColumn, from = 0; x < endColumn; x++) {
    let part = 0;
    for (let j = 0; j < glyphColumns; j++) part += rows[inRow + j] * columns[from++];
    red[x] += (ink - red[x]) * part;
    green[x] += (ink - green[x]) * part;
    blue[x] += (ink - blue[x]) * part;
  }
}
