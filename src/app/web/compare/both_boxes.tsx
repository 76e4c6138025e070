import { zoomPlaces } from "../../../agent/zoom_places.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import type { Side } from "./sides.ts";

/** Boxes of one side that are drawn at most. */
const mostBoxes = 32;

interface Props {
  picture: Pixels | null;
  /** Why there is no picture. */
  problem: string | null;
  task: Task;
  a: Side | null;
  b: Side | null;
}

/** Where either rollout looked, on one picture. */
export function BothBoxes({ picture, problem, task, a, b }: Props) {
  const sides = [
    { name: "A", boxes: boxesOf(a) },
    { name: "B", boxes: boxesOf(b) },
  ];
  const words = sides.map(({ name, boxes }) => `${name} ${boxes.length === 1 ? "1 zoom" : `${boxes.length} zooms`}`);
  return (
    <div class="card">
      <h2>
        <b>Where they looked</b> {words.join(" · ")}
      </h2>
      {picture ? (
        <div class="looked" style={{ maxWidth: `calc(60vh * ${picture.width / picture.height})` }}>
          <PixelsCanvas
            pixels={picture}
            label={`Original picture; ${task.goldBoxSourcePx ? "the gold box is dashed; " : ""}${words.join(", ")}`}
          />
          {task.goldBoxSourcePx && <div class="place gold" style={placeOf(task.goldBoxSourcePx, picture)} />}
          {sides.map(({ name, boxes }) =>
            boxes.map((box, i) => (
              <div key={`${name}${i}`} class={`place side-${name.toLowerCase()}`} style={placeOf(box, picture)}>
                <b>
                  {name}
                  {boxes.length > 1 ? i + 1 : ""}
                </b>
              </div>
            )),
          )}
        </div>
      ) : (
        <p class="soft small">{problem ?? "loading the picture…"}</p>
      )}
      <table class="kv even">
        <tbody>
          {[a, b].map(
            (side, i) =>
              side && (
                <tr key={side.id}>
                  <td>overlap of {i === 0 ? "A" : "B"} with the gold box</td>
                  <td>{overlapOf(side)}</td>
                </tr>
              ),
          )}
        </tbody>
      </table>
    </div>
  );
}

/** Where a side cut, in the original; a zoom into a crop is traced back to there. */
const boxesOf = (side: Side | null): Box[] =>
  zoomPlaces(side?.rollout.calls ?? [], [])
    .flatMap(({ inFirst }) => (inFirst ? [inFirst] : []))
    .slice(0, mostBoxes);

function overlapOf({ rollout }: Side): string {
  const overlaps = rollout.calls.flatMap(({ iou }) => (iou === undefined ? [] : [iou.toFixed(2)]));
  return overlaps.length > 0 ? overlaps.join(", ") : rollout.calls.length === 0 ? "no call" : "not known";
}

/** A box in a log may lie outside the picture. */
function placeOf([left, top, right, bottom]: Box, { width, height }: Pixels) {
  const share = (at: number, side: number): number => Math.min(1, Math.max(0, at / side)) * 100;
  return {
    left: `${share(left, width)}%`,
    top: `${share(top, height)}%`,
    width: `${Math.max(0, share(right, width) - share(left, width))}%`,
    height: `${Math.max(0, share(bottom, height) - share(top, height))}%`,
  };
}
