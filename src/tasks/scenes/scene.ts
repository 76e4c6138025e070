import type { Box } from "../../image/pixels.ts";
import type { Random } from "../random.ts";
import { type GroundName, grounds } from "./ground.ts";

/** Colours of objects as levels of red, green and blue. A scene never shows one twice, so a colour names an object. */
export const colours = {
  red: [230, 50, 50],
  green: [50, 200, 70],
  blue: [70, 110, 250],
  yellow: [245, 220, 50],
  magenta: [225, 70, 220],
  cyan: [60, 215, 225],
  orange: [250, 145, 40],
  white: [250, 250, 250],
} as const;
export type Colour = keyof typeof colours;

export const shapes = ["circle", "square", "triangle", "diamond"] as const;
export type Shape = (typeof shapes)[number];

export type Levels = [red: number, green: number, blue: number];

/** A coloured shape with a text on it. */
export interface SceneObject {
  colour: Colour;
  shape: Shape;
  /** Digits and capital letters in one line, dark; "" for none. */
  text: string;
  xPx: number;
  yPx: number;
  /** Side of the square that the shape fits into. */
  sizePx: number;
  /** Side of one of the text's dots: 5 x 7 a character, one between two. */
  dotPx: number;
  levels: Levels;
  /** Grey level of the text. */
  ink: number;
}

/** A picture as a list of things to render, in this order. Lengths in source pixels, levels from 0 to 255. */
export interface Scene {
  /** Width and height. */
  sidePx: number;
  base: Levels;
  /** Cosines across the ground: cycles per scene along x and y, phase in radians, amplitude in levels. */
  waves: { cyclesX: number; cyclesY: number; phase: number; amplitude: number }[];
  /** Rectangles on the ground, under the objects. */
  bars: { xPx: number; yPx: number; widthPx: number; heightPx: number; levels: Levels }[];
  objects: SceneObject[];
  /** Index of the object that is asked for. */
  target: number;
}

/** What may differ from scene to scene. Sizes in source pixels. */
export interface SceneRecipe {
  /** 1 to 8 */
  objects: number;
  sizeMinPx: number;
  sizeMaxPx: number;
  dotPx: number;
  sidePx: number;
  ground: GroundName;
  /** Objects keep this far apart; below 0 they may hide parts of each other. 6 where absent. */
  gapPx?: number;
  /** What stands on an object; a digit where absent. */
  text?: (random: Random) => string;
}

const usualGapPx = 6;
/** Random layouts that are tried until none of the objects come too near; else the best of them is used. */
const layouts = 24;
/** Objects keep this far from the edge. */
const marginPx = 2;

/** A random scene: every object's attributes are independent but for the colours, which differ. */
export function randomScene(random: Random, recipe: SceneRecipe): Scene {
  const { objects: count, sizeMinPx, sizeMaxPx, dotPx, sidePx, gapPx = usualGapPx, text = randomDigit } = recipe;
  const names = Object.keys(colours) as Colour[];
  if (!Number.isInteger(count) || count < 1 || count > names.length)
    throw new Error(`A scene shows 1 to ${names.length} objects, one a colour, found ${count}`);
  if (!(sizeMinPx > 0 && sizeMinPx <= sizeMaxPx && sizeMaxPx + 2 * marginPx <= sidePx))
    throw new Error(
      `Objects must be larger than 0 and at most ${sidePx - 2 * marginPx} px, found ${sizeMinPx} to ${sizeMaxPx} px`,
    );
  const ground = grounds[recipe.ground](random, sidePx);
  const chosen = random.shuffled(names).slice(0, count);
  const sizes = chosen.map(() => random.uniform(sizeMinPx, sizeMaxPx));
  const places = layout(random, sizes, { sidePx, gapPx });
  const objects = chosen.map((colour, i): SceneObject => {
    const { xPx, yPx, sizePx } = places[i]!;
    const around = (level: number) => Math.min(255, Math.max(0, level + random.uniform(-12, 12)));
    const [red, green, blue] = colours[colour];
    return {
      colour,
      shape: shapes[random.below(shapes.length)] ?? "circle",
      text: text(random),
      xPx,
      yPx,
      sizePx,
      dotPx,
      levels: [around(red), around(green), around(blue)],
      ink: random.uniform(0, 30),
    };
  });
  return { sidePx, ...ground, objects, target: random.below(count) };
}

const randomDigit = (random: Random): string => String(random.below(10));

/** A square by its centre. */
type Place = Pick<SceneObject, "xPx" | "yPx" | "sizePx">;

/** Places for squares of these sizes: the first layout in which none comes too near another, else the loosest. */
function layout(
  random: Random,
  sizes: readonly number[],
  { sidePx: sceneSidePx, gapPx }: { sidePx: number; gapPx: number },
): Place[] {
  let best: Place[] = [];
  let bestSlack = Number.NEGATIVE_INFINITY;
  for (let attempt = 0; attempt < layouts && bestSlack < 0; attempt++) {
    const places = sizes.map((sizePx): Place => {
      const edge = sizePx / 2 + marginPx;
      return { xPx: random.uniform(edge, sceneSidePx - edge), yPx: random.uniform(edge, sceneSidePx - edge), sizePx };
    });
    let slack = Number.POSITIVE_INFINITY;
    for (const [i, a] of places.entries())
      for (const b of places.slice(0, i)) {
        const apart = Math.max(Math.abs(a.xPx - b.xPx), Math.abs(a.yPx - b.yPx));
        slack = Math.min(slack, apart - (a.sizePx + b.sizePx) / 2 - gapPx);
      }
    if (slack > bestSlack) {
      best = places;
      bestSlack = slack;
    }
  }
  return best;
}

/** The object that a scene's question is about. */
export function targetOf({ objects, target }: Scene): SceneObject {
  const object = objects[target];
  if (!object) throw new Error(`Expected a target of ${objects.length} objects, found ${target}`);
  return object;
}

/** The square that an object fits into, in fractions of source pixels. */
export function objectBox({ xPx, yPx, sizePx }: SceneObject): Box {
  const half = sizePx / 2;
  return [xPx - half, yPx - half, xPx + half, yPx + half];
}

/** "red square", as questions and labels say it. */
export const objectName = ({ colour, shape }: SceneObject): string => `${colour} ${shape}`;

/** A dark disc with a light text, which lies on a shape. */
export const isDisc = ({ ink }: SceneObject): boolean => ink > 128;
