import { cropped } from "../image/derived.ts";
import type { Box, Pixels } from "../image/pixels.ts";
import { Random } from "../tasks/random.ts";
import type { ReplacedResult } from "./rollout.ts";
import type { View } from "./tools/tool.ts";

/** What the model gets in the place of what its tool gave. */
export type GivenResult =
  /** Grey, or the pixels of the tool's picture in another order, at the size of that. */
  | { kind: "blank" }
  | { kind: "shuffled" }
  /** Another part of the task's first picture. */
  | { kind: "box"; boxSourcePx: Box }
  /** The task's first picture once more. */
  | { kind: "whole" }
  /** One of a person's own. */
  | { kind: "picture"; picture: Pixels }
  /** A text and no picture. */
  | { kind: "error"; text: string };

/** Names the stream of random numbers that pixels are shuffled with. */
const shuffledStream = 0x73_68_75_66;

/** Most pixels of a person's own picture; the model gets it smaller. */
const mostPixels = 2 ** 24;

/**
 * The picture that stands in the place of a tool's.
 * @param original  what the tool gave, null where it gave none
 * @param task      the task's first picture
 * @throws Error with one sentence where there is nothing that it can be made of
 */
export function replacedResult(result: GivenResult, original: Pixels | null, task: View | undefined): ReplacedResult {
  const { kind } = result;
  switch (kind) {
    case "error":
      if (result.text.trim() === "")
        throw new Error("Expected the text of an error, found none; type what the model is to read");
      return { kind };
    case "picture":
      return { kind, picture: checked(result.picture) };
    case "whole":
      return { kind, picture: ofTask(task) };
    case "box": {
      const picture = ofTask(task);
      expectBox(result.boxSourcePx, picture);
      const boxSourcePx = whole(result.boxSourcePx, picture);
      return { kind, picture: plain(cropped(picture, boxSourcePx)), boxSourcePx };
    }
    default: {
      if (!original)
        throw new Error(
          `Expected a call that gave a picture, found one that gave none; ${kind} pixels need one: choose the whole picture or another crop`,
        );
      return { kind, picture: kind === "blank" ? grey(original) : shuffled(original) };
    }
  }
}

/** @throws Error with one sentence where a box does not lie inside a picture, or holds less than a pixel */
export function expectBox(box: readonly number[], { width, height }: Pick<Pixels, "width" | "height">): void {
  const [left = Number.NaN, top = Number.NaN, right = Number.NaN, bottom = Number.NaN] = box;
  const isInside = left >= 0 && top >= 0 && right <= width && bottom <= height;
  if (box.length !== 4 || !isInside || !(right - left >= 1 && bottom - top >= 1))
    throw new Error(
      `Expected a box of at least one pixel inside the picture, which is ${width} × ${height}, found [${box.join(", ")}]; move it inside`,
    );
}

/** Whole pixels, outwards. */
const whole = ([left, top, right, bottom]: Box, { width, height }: Pixels): Box => [
  Math.floor(left),
  Math.floor(top),
  Math.min(width, Math.ceil(right)),
  Math.min(height, Math.ceil(bottom)),
];

function ofTask(task: View | undefined): Pixels {
  if (!task) throw new Error("Expected a task with a picture, found none; replace the result by a text");
  return plain(task.original);
}

/** Bytes, whatever they are made from: it is stored and goes between threads. */
const plain = ({ width, height, data }: Pixels): Pixels => ({ width, height, data });

function checked({ width, height, data }: Pixels): Pixels {
  const isSize = (side: number) => Number.isInteger(side) && side > 0;
  if (!isSize(width) || !isSize(height) || data.length !== width * height * 3)
    throw new Error(
      `Expected a picture of whole rows of RGB pixels, found ${width} × ${height} and ${data.length} bytes`,
    );
  if (width * height > mostPixels)
    throw new Error(
      `Expected a picture of at most ${mostPixels} pixels, found ${width} × ${height}; choose a smaller one`,
    );
  return { width, height, data };
}

const grey = ({ width, height }: Pixels): Pixels => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(128),
});

/** The same for the same size. */
function shuffled({ width, height, data }: Pixels): Pixels {
  const count = width * height;
  const random = new Random(0, [shuffledStream, width, height]);
  const order = random.shuffled(Array.from({ length: count }, (_, i) => i));
  const bytes = new Uint8Array(count * 3);
  for (const [to, from] of order.entries()) bytes.set(data.subarray(from * 3, from * 3 + 3), to * 3);
  return { width, height, data: bytes };
}
