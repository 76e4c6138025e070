import type { Box } from "../image/pixels.ts";
import type { ToolCall } from "./rollout.ts";

/** One cut of a rollout, and where it lies. */
export interface ZoomPlace {
  call: ToolCall;
  /** From 1: which of the pictures that tools gave it made, or would have made. */
  number: number;
  /** The picture that it was cut from: index into the rollout's pictures. */
  imageIndex: number;
  /** In pixels of that picture. */
  box: Box;
  /** The same place in the task's first picture, source px; null where it lies in no known part of that. */
  inFirst: Box | null;
}

/**
 * Where a rollout cut: each box in the picture that it was cut from, and traced back through crops of crops to the task's
 * first picture.
 * @param gave  for each of the rollout's pictures the call that gave it, null for the task's own; in their order
 */
export function zoomPlaces(calls: readonly ToolCall[], gave: readonly (ToolCall | null)[]): ZoomPlace[] {
  const given = gave.filter((call) => call !== null);
  const ofTask = Math.max(1, gave.length - given.length);
  const places: ZoomPlace[] = [];
  const byPicture = new Map<number, ZoomPlace>();
  // Pictures come in the order of their calls.
  let passed = 0;
  let next = ofTask + given.length;
  for (const call of calls) {
    if (call.outcome !== "ok" && !call.replaced) continue;
    const nextGiven = given[passed];
    const isGiven = nextGiven?.segment === call.segment && nextGiven.name === call.name;
    // What did not fit behind the last turn gave no picture, nor does anything where pictures cannot be made again.
    const index = isGiven ? ofTask + passed++ : next++;
    // What a person put in the place of a result is what the model saw.
    const box = call.replaced ? call.replaced.boxSourcePx : call.boxSourcePx;
    if (!box) continue;
    const imageIndex = call.replaced ? 0 : (call.imageIndex ?? 0);
    const within = imageIndex < index ? byPicture.get(imageIndex) : undefined;
    const inFirst = imageIndex === 0 ? box : within ? traced(box, within) : null;
    const place = { call, number: index - ofTask + 1, imageIndex, box, inFirst };
    places.push(place);
    byPicture.set(index, place);
  }
  return places;
}

/** A box in a crop, in the frame of the picture that the crop lies in. */
function traced([left, top, right, bottom]: Box, { call, box, inFirst }: ZoomPlace): Box | null {
  if (!inFirst) return null;
  // A crop has a pixel for each of the picture that it was cut from; one that a person chose may be enlarged.
  const { width, height } = call.replaced?.picture ?? { width: box[2] - box[0], height: box[3] - box[1] };
  const across = (inFirst[2] - inFirst[0]) / width;
  const down = (inFirst[3] - inFirst[1]) / height;
  if (!(across > 0 && down > 0 && Number.isFinite(across + down))) return null;
  return [inFirst[0] + left * across, inFirst[1] + top * down, inFirst[0] + right * across, inFirst[1] + bottom * down];
}
