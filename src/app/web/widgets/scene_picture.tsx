import type { Box, Pixels } from "../../../image/pixels.ts";
import { objectBox } from "../../../tasks/scenes/scene.ts";
import type { Problem } from "../../../tasks/worlds/world.ts";
import { PixelsCanvas } from "./pixels_canvas.tsx";

interface Props {
  problem: Problem;
  /** The scene as it was rendered, however small. */
  pixels: Pixels;
  /** For those who do not see it; absent: decoration. */
  label?: string;
}

/** A scene with what must be found in it: the box of the answer dashed, and where there are several zooms, each with its number. */
export function ScenePicture({ problem: { scene, goldBoxSourcePx, zooms }, pixels, label }: Props) {
  const share = (px: number): string => `${(100 * px) / scene.sidePx}%`;
  const place = ([left, top, right, bottom]: Box) => ({
    left: share(left),
    top: share(top),
    width: share(right - left),
    height: share(bottom - top),
  });
  return (
    <>
      <PixelsCanvas pixels={pixels} label={label} />
      {zooms.length > 1 &&
        zooms.map(({ target, imageIndex }, i) => {
          const box = objectBox(target);
          return (
            <div
              key={i}
              class={`zoom-place zoom${(i % 2) + 1} ${imageIndex > 0 ? "nested" : ""} ${sideOf(box, scene.sidePx)}`}
              style={place(box)}
            >
              <b>{i + 1}</b>
            </div>
          );
        })}
      {goldBoxSourcePx && <div class="zoom-place gold" style={place(goldBoxSourcePx)} />}
    </>
  );
}

/** Where a number has room. */
function sideOf([left, , right]: Box, sidePx: number): string {
  if (left < sidePx / 12) return "rightwards";
  return right > (11 / 12) * sidePx ? "leftwards" : "";
}

/** "1 orange diamond → 2 green circle → 3 disc in crop 2": the zooms in words. */
export const chainInWords = ({ zooms }: Problem): string =>
  zooms
    .map(({ label, imageIndex }, i) => `${i + 1} ${label}${imageIndex > 0 ? ` in crop ${imageIndex}` : ""}`)
    .join(" → ");
