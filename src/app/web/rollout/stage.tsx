import type { Rollout } from "../../../agent/rollout.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { shortened } from "../labels/numbers.ts";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";

/** Boxes that are drawn at most; knobs allow 32 calls. */
const mostBoxes = 64;

/** In the place of a picture that is on its way, or cannot be had. */
export function NoStage({ problem }: { problem: string | null }) {
  return <div class="stage waiting">{problem !== null && <p class="small soft">{problem}.</p>}</div>;
}

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
  // What a log says of a box may lie outside of the picture.
  const share = (at: number, side: number): number => Math.min(1, Math.max(0, at / side)) * 100;
  const place = ([left, top, right, bottom]: Box) => ({
    left: `${share(left, source.width)}%`,
    top: `${share(top, source.height)}%`,
    width: `${Math.max(0, share(right, source.width) - share(left, source.width))}%`,
    height: `${Math.max(0, share(bottom, source.height) - share(top, source.height))}%`,
  });
  const boxes = rollout.calls
    .filter((call) => call.outcome === "ok" && call.boxSourcePx && (call.imageIndex ?? 0) === 0)
    .slice(0, mostBoxes);
  return (
    // A picture much higher than wide leaves room for what stands below it.
    <div class="stage" style={{ maxWidth: `calc(60vh * ${source.width / source.height})` }}>
      <PixelsCanvas pixels={source} label={labelOf(task, boxes.length)} />
      {task.goldBoxSourcePx && <div class="box gold" style={place(task.goldBoxSourcePx)} />}
      {boxes.slice(0, zooms).map((call, i) => (
        <div
          key={i}
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
  `Source picture of “${shortened(task.question, 400)}”; ${task.goldBoxSourcePx ? "the box of the answer is dashed; " : ""}${zooms === 1 ? "1 zoom" : `${zooms} zooms`}`;
