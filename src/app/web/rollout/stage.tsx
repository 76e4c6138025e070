import type { ComponentChildren } from "preact";
import type { Rollout } from "../../../agent/rollout.ts";
import { zoomPlaces } from "../../../agent/zoom_places.ts";
import type { Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { shortened } from "../labels/numbers.ts";
import type { ModelInput } from "../run/model_inputs.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { CutBox, placeOf } from "./cut_box.tsx";

/** Boxes that are drawn at most; knobs allow 32 calls. */
const mostBoxes = 64;

/** In the place of a picture that is being loaded or cannot be. */
export function NoStage({ problem }: { problem: string | null }) {
  return <div class="stage waiting">{problem !== null && <p class="small soft">{problem}.</p>}</div>;
}

/**
 * The original with the gold box (dashed), the boxes that the model zoomed into, and what is drawn over them. A zoom into a
 * crop stands where that place is in the original, with a dotted line.
 * Boxes of calls from segment `cursorSegment` on, whose results come after the cursor, have a thin line.
 */
export function Stage({
  original,
  rollout,
  task,
  inputs,
  cursorSegment = Number.POSITIVE_INFINITY,
  children,
}: {
  original: Pixels;
  rollout: Rollout;
  /** What the model got, which says which call gave which picture. */
  inputs: readonly ModelInput[];
  task: Task;
  cursorSegment?: number;
  children?: ComponentChildren;
}) {
  const boxes = zoomPlaces(
    rollout.calls,
    inputs.map(({ call }) => call),
  )
    .filter(({ inFirst }) => inFirst !== null)
    .slice(0, mostBoxes);
  return (
    // A picture much higher than wide leaves space for what is below it.
    <div class="stage" style={{ maxWidth: `calc(60vh * ${original.width / original.height})` }}>
      <PixelsCanvas pixels={original} label={labelOf(task, boxes.length)} />
      {task.goldBoxSourcePx && <div class="box gold" style={placeOf(task.goldBoxSourcePx, original)} />}
      {boxes.map((place) => (
        <CutBox
          key={place.number}
          place={place}
          box={place.inFirst!}
          picture={original}
          cursorSegment={cursorSegment}
        />
      ))}
      {children}
    </div>
  );
}

const labelOf = (task: Task, zooms: number): string =>
  `Original picture of “${shortened(task.question, 400)}”; ${task.goldBoxSourcePx ? "the gold box is dashed; " : ""}${zooms === 1 ? "1 zoom" : `${zooms} zooms`}`;
