import type { ZoomPlace } from "../../../agent/zoom_places.ts";
import type { Box } from "../../../image/pixels.ts";

/** A picture's width and height, in the pixels of the boxes in it. */
type Size = { width: number; height: number };

interface Props {
  place: ZoomPlace;
  /** Where it is drawn, in pixels of the picture that it is drawn on. */
  box: Box;
  picture: Size;
  /** Calls from this segment on come after the cursor; their boxes have a thin line. */
  cursorSegment?: number;
}

/** The box of a zoom on a picture, with its number. */
export function CutBox({ place, box, picture, cursorSegment = Number.POSITIVE_INFINITY }: Props) {
  const { call, number, imageIndex } = place;
  const isNested = imageIndex > 0 && box === place.inFirst;
  const iou = call.replaced ? undefined : call.iou;
  return (
    <div
      class={`box ${zoomClass(number)} ${call.segment >= cursorSegment ? "later" : ""} ${isNested ? "nested" : ""} ${labelPlace(box, picture)}`}
      style={placeOf(box, picture)}
    >
      <b>
        {number}
        {iou !== undefined && ` · IoU ${iou.toFixed(2)}`}
      </b>
    </div>
  );
}

/** The colour of a zoom, the same on its box, its crop and in the transcript; none for a task's own picture. */
export const zoomClass = (zoom: number): string => (zoom === 0 ? "" : `zoom${((zoom - 1) % 2) + 1}`);

/** A box in a log may lie outside the picture. */
export function placeOf([left, top, right, bottom]: Box, { width, height }: Size) {
  const share = (at: number, side: number): number => Math.min(1, Math.max(0, at / side)) * 100;
  return {
    left: `${share(left, width)}%`,
    top: `${share(top, height)}%`,
    width: `${Math.max(0, share(right, width) - share(left, width))}%`,
    height: `${Math.max(0, share(bottom, height) - share(top, height))}%`,
  };
}

/** Where the label of a box is not cut: the picture may be shown 200 CSS pixels wide, and a label is 22 high, 80 wide. */
function labelPlace([left, top, , bottom]: Box, { width, height }: Size): string {
  const upright = top >= 0.12 * height ? "" : bottom <= 0.88 * height ? "below" : "inside";
  return left > 0.6 * width ? `${upright} leftwards` : upright;
}
