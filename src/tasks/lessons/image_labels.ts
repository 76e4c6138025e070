import type { Random } from "../random.ts";
import type { View } from "../scenes/render.ts";
import { isDisc, type Scene, type SceneObject } from "../scenes/scene.ts";
import { writtenCoordinate } from "./coordinates.ts";

/** Side of a picture as the model gets it, and of its grid of image tokens. */
export const inputPx = 64;
const cellsPerSide = 4;

/** What an image token is to say: the text of one token, and how much it counts. */
export interface ImageLabel {
  word: string;
  weight: number;
}

/**
 * What the 16 image tokens of a picture are to say: each object's cell (where its centre lies) a word about it,
 * chosen at random: its text, colour or shape where the text is at least a pixel of the input a dot; else colour, shape or, in
 * the first picture, a coordinate of the centre. Of a word each letter is said where it stands. Empty cells say "." and
 * count little, being many.
 */
export function cellLabels(random: Random, scene: Scene, view: View, first: boolean): ImageLabel[] {
  const labels = Array.from({ length: cellsPerSide ** 2 }, (): ImageLabel => ({ word: ".", weight: 0.1 }));
  const say = (xPx: number, yPx: number, word: () => string): void => {
    const column = Math.floor(((xPx - view.left) / view.sidePx) * cellsPerSide);
    const row = Math.floor(((yPx - view.top) / view.sidePx) * cellsPerSide);
    if (column < 0 || column >= cellsPerSide || row < 0 || row >= cellsPerSide) return;
    labels[row * cellsPerSide + column] = { word: word(), weight: 1 };
  };
  for (const object of scene.objects) {
    const inputPerSource = inputPx / view.sidePx;
    if (object.sizePx * inputPerSource < leastInputPx) continue;
    const legible = object.text !== "" && object.dotPx * inputPerSource >= 1;
    say(object.xPx, object.yPx, () => cellWord(random.uniform(), object, { legible, first, sidePx: scene.sidePx }));
    if (!legible || object.text.length === 1 || random.uniform() < 0.4) continue;
    for (const [i, letter] of [...object.text].entries())
      say(object.xPx + (i - (object.text.length - 1) / 2) * letterDots * object.dotPx, object.yPx, () => letter);
  }
  return labels;
}

/** From the middle of one letter to that of the next. */
const letterDots = 6;
/** Smaller things are not said: a disc in the whole scene would take the place of its plate. */
const leastInputPx = 3;

function cellWord(
  u: number,
  object: SceneObject,
  { legible, first, sidePx }: { legible: boolean; first: boolean; sidePx: number },
): string {
  const [colour, shape] = isDisc(object) ? [" disc", " disc"] : [` ${object.colour}`, ` ${object.shape}`];
  if (legible && object.text.length === 1) return u < 0.6 ? object.text : u < 0.8 ? colour : shape;
  if (legible || !first) return u < 0.5 ? colour : shape;
  if (u < 0.6) return u < 0.3 ? colour : shape;
  return writtenCoordinate(u < 0.8 ? object.xPx : object.yPx, sidePx);
}
