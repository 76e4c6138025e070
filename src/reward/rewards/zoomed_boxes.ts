import type { ToolCall } from "../../agent/rollout.ts";
import type { Box } from "../../image/pixels.ts";
import type { RewardRollout } from "./reward_function.ts";

/**
 * What zooms showed of the task's first picture, in its source px, in the order of the calls. A zoom into a crop is followed
 * back to the picture that the crop was cut from; one into another picture, into a turned one, or into a crop that was made
 * in other pixels than the source's (verl's) shows no place that is known, and is null.
 */
export function zoomedBoxes({ calls, raw: { segments } }: Pick<RewardRollout, "calls" | "raw">): (Box | null)[] {
  /** By index of the rollout's pictures: where a crop lies in the first one. */
  const places = new Map<number, Box>();
  /** Pictures that the answer to a segment's calls shows, those left that no call was found for. */
  const given = new Map<number, number[]>();
  return calls.flatMap((call) => {
    const { segment, outcome, boxSourcePx } = call;
    if (outcome !== "ok") return [];
    if (!given.has(segment)) given.set(segment, [...(segments[segment + 1]?.images ?? [])]);
    const shown = given.get(segment)!.shift();
    if (!boxSourcePx) return [];
    const place = placeOf(call, boxSourcePx, places);
    if (place && shown !== undefined && !call.boxShownPx) places.set(shown, place);
    return [place];
  });
}

function placeOf({ imageIndex }: ToolCall, box: Box, places: ReadonlyMap<number, Box>): Box | null {
  if (imageIndex === 0) return box;
  const within = imageIndex === undefined ? undefined : places.get(imageIndex);
  if (!within) return null;
  const [left, top] = within;
  return [box[0] + left, box[1] + top, box[2] + left, box[3] + top];
}
