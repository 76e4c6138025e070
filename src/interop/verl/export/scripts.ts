import { frameSize } from "../../../image/coordinate_frame.ts";
import { smartResize } from "../../../image/smart_resize.ts";
import type { Task } from "../../../tasks/task.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { ExportedRun } from "./run_settings.ts";
import type { Script } from "./scripted_policy.ts";

const call = (name: string, given: unknown): string =>
  `<tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call>`;

/**
 * Turns that lead an environment through what it does: answers right, wrong and without form; calls that are carried out, that
 * fail in each way, in what follows them and beyond what is allowed; a turn that never ends.
 */
export function scriptsFor(task: Task, { config, view, tools }: ExportedRun): Script[] {
  const right = `<answer>${task.answer.replaceAll(/<\/?(?:answer|tool_call|tool_response)>/g, "")}</answer>`;
  const answer = config.prompt === "compact" ? right : `<think>I have looked.</think>\n${right}`;
  const wrong = "<answer>something that it is not</answer>";
  const zoom = (box: unknown, more: object = {}) => call("image_zoom_in_tool", { bbox_2d: box, ...more });
  const [inside, ...others] = boxesIn(task, view, config);
  const names = new Set(tools.map(({ name }) => name));
  return [
    [answer],
    [wrong],
    [zoom(inside, { label: "the object" }), answer],
    [zoom(inside), wrong],
    ...others.map((box) => [zoom(box), answer]),
    [zoom(inside), zoom(inside, { image_index: 1 }), zoom(inside), answer],
    [zoom(inside, { image_index: 7 }), answer],
    [zoom([1, 2, 3]), answer],
    [zoom("nowhere"), answer],
    [call("image_zoom_in_tool", null), answer],
    [call("no_such_tool", { bbox_2d: inside }), answer],
    ["<tool_call>\n{not JSON}\n</tool_call>", answer],
    ["<tool_call>\n[1, 2]\n</tool_call>", answer],
    ["I do not know: ünïcode, 漢字, 🙂."],
    [`${zoom(inside)}\n${zoom(others[0])}`, answer],
    ...(names.has("image_rotate_tool") || config.tool === "deepeyes"
      ? [
          [call("image_rotate_tool", { angle: 90 }), answer],
          [call("image_rotate_tool", { angle: -12.5 }), answer],
          [call("image_rotate_tool", { angle: "left" }), answer],
        ]
      : []),
    ...(names.has("image_mark_tool")
      ? [
          [call("image_mark_tool", { point_2d: inside!.slice(0, 2) }), answer],
          [call("image_mark_tool", { point_2d: [-1, 5] }), answer],
          [call("image_mark_tool", {}), answer],
        ]
      : []),
    ["the end never comes", null],
  ];
}

/** Boxes in the model's coordinates: one inside, then a small one, one at the edge, one turned round, one outside, a strip. */
function boxesIn({ imageSizesPx }: Task, { frame, limits }: ExportedRun["view"], { tool }: RunConfig): number[][] {
  const picture = imageSizesPx[0] ?? { width: 640, height: 480 };
  const input = smartResize(picture.height, picture.width, limits);
  // DeepEyes' boxes are in pixels of the picture itself.
  const [width, height] =
    tool === "deepeyes"
      ? [picture.width, picture.height]
      : frameSize(frame, { width: input.widthPx, height: input.heightPx });
  const at = (x: number, y: number): [number, number] => [Math.round(x * width), Math.round(y * height)];
  return [
    [...at(0.25, 0.25), ...at(0.75, 0.7)],
    [...at(0.5, 0.5), ...at(0.52, 0.53)],
    [...at(0.8, 0.8), width, height],
    [...at(0.6, 0.6), ...at(0.2, 0.3)],
    [...at(0.5, 0.5), width * 2, height * 2],
    [0, ...at(0, 0.4).slice(1), width, at(0, 0.4)[1]! + 1],
    [width * 0.1 + 0.5, height * 0.1 + 0.25, width * 0.5 + 0.125, height * 0.6 + 0.75],
  ];
}
