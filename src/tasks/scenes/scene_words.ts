import { f32Errors } from "./f32_errors.ts";
import { placed, wholeScene } from "./render.ts";
import { type Scene, type SceneObject, shapes } from "./scene.ts";
import { waveColumns, waveTurn } from "./waves.ts";

/*
 * A scene as the words that shaders/scene.wgsl reads: numbers as doubles, tables of f32, first indices and ends of what
 * something may touch; places of parts count from the scene's first word.
 *
 *   base (3 doubles); numbers of bars and objects; places of bars and objects; side; number of waves; what f32 may be off by
 *   (f32: ground, step, bar, centre); then for each wave its columns (cosine and sine, f32) and rows (the same times the
 *   amplitude, doubles); bars and objects; the texts' tables of ink
 */

const headWords = 16;
const barWords = 22;
const objectWords = 28;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

class Words {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array;

  constructor(count: number) {
    this.words = new Uint32Array(count);
    this.#floats = new Float32Array(this.words.buffer);
  }

  whole(at: number, ...values: number[]): void {
    this.words.set(values, at);
  }

  /** Low word first, as in memory. */
  doubles(at: number, ...values: number[]): void {
    for (const [i, value] of values.entries()) {
      double[0] = value;
      this.words.set(halves, at + i * 2);
    }
  }

  floats(at: number, values: ArrayLike<number>): void {
    this.#floats.set(values, at);
  }
}

/** What a shape's depth is measured from, as in `depth` of render.ts. */
function extentOf({ shape, sizePx }: SceneObject): number {
  const h = sizePx / 2;
  if (shape === "square") return 0.9 * h;
  return shape === "diamond" ? 1.08 * h : h;
}

/** A whole scene, to be rendered at its own size. */
export function sceneWords(scene: Scene): Uint32Array<ArrayBuffer> {
  const { sidePx } = scene;
  const waveWords = sidePx * 6;
  const objects = scene.objects.map((object) => placed(object, wholeScene(scene), sidePx));
  const bars = headWords + scene.waves.length * waveWords;
  const firstObject = bars + scene.bars.length * barWords;
  const tables = firstObject + objects.length * objectWords;
  const inkWords = objects.reduce((n, { ink }) => n + ink.rows.length + ink.columns.length, 0);
  const words = new Words(tables + inkWords);
  words.doubles(0, ...scene.base);
  words.whole(6, scene.bars.length, objects.length, bars, firstObject, sidePx, scene.waves.length);
  const { ground, step, bar, centre } = f32Errors(scene);
  words.floats(12, [ground, step, bar, centre]);
  for (const [i, wave] of scene.waves.entries()) putWave(words, headWords + i * waveWords, wave, scene);
  for (const [i, one] of scene.bars.entries()) putBar(words, bars + i * barWords, one, scene);
  let table = tables;
  for (const [i, { object, firstRow, endRow, firstColumn, endColumn, ink }] of objects.entries()) {
    const at = firstObject + i * objectWords;
    words.whole(at, firstRow, endRow, firstColumn, endColumn);
    words.whole(at + 4, ink.firstRow, ink.endRow, ink.firstColumn, ink.endColumn);
    words.whole(at + 8, shapes.indexOf(object.shape), table, table + ink.rows.length, ink.dots);
    words.doubles(at + 12, object.xPx, object.yPx, object.sizePx / 2, extentOf(object));
    words.doubles(at + 20, ...object.levels, object.ink);
    words.floats(table, ink.rows);
    words.floats(table + ink.rows.length, ink.columns);
    table += ink.rows.length + ink.columns.length;
  }
  return words.words;
}

function putWave({ words }: Words, at: number, wave: Scene["waves"][number], scene: Scene): void {
  const { sidePx } = scene;
  const turn = waveTurn(scene);
  const { cosines, sines } = waveColumns(turn * wave.cyclesX, 0, 1, sidePx);
  const columns = new Float32Array(words.buffer, at * 4, sidePx * 2);
  const rows = new Float64Array(sidePx * 2);
  for (let i = 0; i < sidePx; i++) {
    columns[2 * i] = cosines[i]!;
    columns[2 * i + 1] = sines[i]!;
    const angle = turn * wave.cyclesY * (i + 0.5) + wave.phase;
    rows[2 * i] = wave.amplitude * Math.cos(angle);
    rows[2 * i + 1] = wave.amplitude * Math.sin(angle);
  }
  words.set(new Uint32Array(rows.buffer), at + sidePx * 2);
}

function putBar(
  words: Words,
  at: number,
  { xPx, yPx, widthPx, heightPx, levels }: Scene["bars"][number],
  { sidePx }: Scene,
): void {
  const range = (low: number, high: number) => [
    Math.max(0, Math.floor(low)),
    Math.max(0, Math.min(sidePx, Math.ceil(high))),
  ];
  /** Pixels that it covers wholly. */
  const wholly = (low: number, high: number) => [Math.max(0, Math.ceil(low)), Math.max(0, Math.floor(high))];
  const [right, bottom] = [xPx + widthPx, yPx + heightPx];
  words.whole(at, ...range(xPx, right), ...range(yPx, bottom));
  words.whole(at + 4, ...wholly(xPx, right), ...wholly(yPx, bottom));
  words.doubles(at + 8, yPx, bottom, xPx, right, ...levels);
}
