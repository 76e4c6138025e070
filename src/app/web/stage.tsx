import type { Rollout } from "../../agent/rollout.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";
import { PixelsCanvas } from "./pixels_canvas.tsx";

/** The source picture with the box of the answer (dashed) and the boxes that the model looked into. `zooms`: how many of them. */
export function Stage({
  source,
  rollout,
  task,
  zooms,
}: {
  source: Pixels;
  rollout: Rollout;
  task: Task;
  zooms: number;
}) {
  const place = ([left, top, right, bottom]: Box) => ({
    left: `${(left / source.width) * 100}%`,
    top: `${(top / source.height) * 100}%`,
    width: `${((right - left) / source.width) * 100}%`,
    height: `${((bottom - top) / source.height) * 100}%`,
  });
  const boxes = rollout.calls.filter(
    (call) => call.outcome === "ok" && call.boxSourcePx && (call.imageIndex ?? 0) === 0,
  );
  return (
    // A picture much higher than wide leaves room for what stands below it.
    <div class="stage" style={{ maxWidth: `calc(60vh * ${source.width / source.height})` }}>
      <PixelsCanvas pixels={source} label={labelOf(task, boxes.length)} />
      {task.goldBoxSourcePx && <div class="box gold" style={place(task.goldBoxSourcePx)} />}
      {boxes.slice(0, zooms).map((call, i) => (
        <div
          key={call.segment}
          class={`box zoom${(i % 2) + 1} ${call.boxSourcePx![1] < 30 ? "below" : ""}`}
          style={place(call.boxSourcePx!)}
        >
          <b>
            {i + 1}
            {call.iou !== undefined && ` · IoU ${call.iou.toFixed(2)}`}
          </b>
        </div>
      ))}
    </div>
  );
}

const labelOf = (task: Task, zooms: number): string =>
  `Source picture of “${task.question}”; ${task.goldBoxSourcePx ? "the box of the answer is dashed; " : ""}${zooms === 1 ? "1 zoom" : `${zooms} zooms`}`;
