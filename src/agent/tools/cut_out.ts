import { cropped } from "../../image/derived.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import type { ToolSettings } from "./tool.ts";

type Size = Pick<Pixels, "width" | "height">;

/** The pixels of a box that lies inside the picture, made where they are read, or what a control puts in their place. */
export function cutOut(picture: Pixels, box: Box, how: ToolSettings["crop"]): Pixels {
  if (how === "blank") return grey(box);
  return cropped(picture, how === "shuffled" ? elsewhere(box, picture) : box);
}

/** A box of the same size, moved along both sides by half the space that there is; the same at every replay. */
function elsewhere([left, top, right, bottom]: Box, { width, height }: Size): Box {
  const move = (start: number, size: number, side: number) => {
    const space = side - size;
    return (start + Math.ceil(space / 2)) % (space + 1);
  };
  const [w, h] = [right - left, bottom - top];
  const [x, y] = [move(left, w, width), move(top, h, height)];
  return [x, y, x + w, y + h];
}

function grey([left, top, right, bottom]: Box): Pixels {
  const [width, height] = [right - left, bottom - top];
  return { width, height, data: new Uint8Array(width * height * 3).fill(128) };
}
