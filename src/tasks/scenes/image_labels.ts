import type { Random } from "../random.ts";
import { writtenCoordinate } from "./coordinates.ts";
import type { View } from "./render.ts";
import type { Scene, SceneObject } from "./scene.ts";

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
 * chosen at random: digit, colour or shape where the digit is at least a pixel of the input a dot; else colour, shape or, in
 * the first picture, a coordinate of the centre. Empty cells say "." and count little, being many.
 */
export function cellLabels(random: Random, scene: Scene, view: View, first: boolean): ImageLabel[] {
  const labels = Array.from({ length: cellsPerSide ** 2 }, (): ImageLabel => ({ word: ".", weight: 0.1 }));
  for (const object of scene.objects) {
    const column = Math.floor(((object.xPx - view.left) / view.sidePx) * cellsPerSide);
    const row = Math.floor(((object.yPx - view.top) / view.sidePx) * cellsPerSide);
    if (column < 0 || column >= cellsPerSide || row < 0 || row >= cellsPerSide) continue;
    const legible = (object.dotPx * inputPx) / view.sidePx >= 1;
    labels[row * cellsPerSide + column] = { word: cellWord(random.uniform(), object, legible, first), weight: 1 };
  }
  return labels;
}

function cellWord(u: number, object: SceneObject, legible: boolean, first: boolean): string {
  const colour = ` ${object.colour}`;
  const shape = ` ${object.shape}`;
  if (legible) return u < 0.6 ? String(object.digit) : u < 0.8 ? colour : shape;
  if (!first) return u < 0.5 ? colour : shape;
  if (u < 0.6) return u < 0.3 ? colour : shape;
  return writtenCoordinate(u < 0.8 ? object.xPx : object.yPx);
}
