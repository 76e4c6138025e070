import type { ComponentChildren } from "preact";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { shortened } from "../labels/numbers.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { zoomClass } from "./crops.tsx";

/** Boxes that are drawn at most; knobs allow 32 calls. */
const mostBoxes = 64;

/** In the place of a picture that is being loaded or cannot be. */
export function NoStage({ problem }: { problem: string | null }) {
  return <div class="stage waiting">{problem !== null && <p class="small soft">{problem}.</p>}</div>;
}

/**
 * The original with the gold box (dashed), the boxes that the model zoomed into, and what is drawn over them.
 * Boxes of calls from segment `cursorSegment` on, whose results come after the cursor, have a thin line.
 */
export function Stage({
  original,
  rollout,
  task,
  cursorSegment = Number.POSITIVE_INFINITY,
  children,
}: {
  original: Pixels;
  rollout: Rollout;
  task: Task;
  cursorSegment?: number;
  children?: ComponentChildren;
}) {
  // A box in a log may lie outside the picture.
  const share = (at: number, side: number): number => Math.min(1, Math.max(0, at / side)) * 100;
  const place = ([left, top, right, bottom]: Box) => ({
    left: `${share(left, original.width)}%`,
    top: `${share(top, original.height)}%`,
    width: `${Math.max(0, share(right, original.width) - share(left, original.width))}%`,
    height: `${Math.max(0, share(bottom, original.height) - share(top, original.height))}%`,
  });
  const boxes = rollout.calls
    .filter(({ outcome }) => outcome === "ok")
    // What a person put in the place of a result is what the model saw.
    .map((call, i) =>
      call.replaced
        ? { call: { ...call, iou: undefined }, box: call.replaced.boxSourcePx, number: i + 1 }
        : { call, box: call.boxSourcePx, number: i + 1 },
    )
    .filter(({ call, box }) => box && (call.imageIndex ?? 0) === 0)
    .slice(0, mostBoxes);
  return (
    // A picture much higher than wide leaves space for what is below it.
    <div class="stage" style={{ maxWidth: `calc(60vh * ${original.width / original.height})` }}>
      <PixelsCanvas pixels={original} label={labelOf(task, boxes.length)} />
      {task.goldBoxSourcePx && <div class="box gold" style={place(task.goldBoxSourcePx)} />}
      {boxes.map(({ call, box, number }) => (
        <div
          key={number}
          class={`box ${zoomClass(number)} ${call.segment >= cursorSegment ? "later" : ""} ${labelPlace(box!, original)}`}
          style={place(box!)}
        >
          <b>
            {number}
            {call.iou !== undefined && ` · IoU ${call.iou.toFixed(2)}`}
          </b>
        </div>
      ))}
      {children}
    </div>
  );
}

/** Where the label of a box is not cut: the picture may be shown 200 CSS pixels wide, and a label is 22 high, 80 wide. */
function labelPlace([left, top, , bottom]: Box, { width, height }: Pixels): string {
  const upright = top >= 0.12 * height ? "" : bottom <= 0.88 * height ? "below" : "inside";
  return left > 0.6 * width ? `${upright} leftwards` : upright;
}

const labelOf = (task: Task, zooms: number): string =>
  `Original picture of “${shortened(task.question, 400)}”; ${task.goldBoxSourcePx ? "the gold box is dashed; " : ""}${zooms === 1 ? "1 zoom" : `${zooms} zooms`}`;
