import type { Rollout, ToolCall } from "../../src/agent/rollout.ts";
import type { Task } from "../../src/tasks/task.ts";

/** A needle task whose answer is 9 and whose gold box is 56 px wide. */
export const needleTask: Task = {
  id: "needle/0/train/0/0",
  source: "needle",
  question: "What digit is on the red square?",
  answer: "9",
  imageSizesPx: [{ width: 512, height: 512 }],
  goldBoxSourcePx: [200, 200, 256, 256],
};

/** A rollout at `needleTask` that answered 9 directly, with `changes` over it. */
export function rollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    id: "0·0·0",
    step: 0,
    taskIndex: 0,
    rolloutIndex: 0,
    task: needleTask.id,
    segments: [
      { source: "prompt", tokens: [1, 2, 3], logprobs: [], entropies: [], images: [0] },
      { source: "model", tokens: [478, 57, 479, 466], logprobs: [-1, -1, -1, -1], entropies: [1, 0, 0, 0], images: [] },
    ],
    calls: [],
    end: "answer",
    answer: "9",
    reward: null,
    advantage: null,
    ...changes,
  };
}

/** A zoom that was carried out on `needleTask`, with `changes` over it. */
export function zoomCall(changes: Partial<ToolCall> = {}): ToolCall {
  return {
    segment: 1,
    name: "image_zoom_in_tool",
    outcome: "ok",
    boxWritten: [300, 300, 600, 600],
    boxSourcePx: [180, 180, 280, 280],
    imageIndex: 0,
    iou: 0.3,
    ...changes,
  };
}
