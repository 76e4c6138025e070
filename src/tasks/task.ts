import type { Box } from "../image/pixels.ts";

/**
 * What a run knows and logs of a task. Pixels are not in it: a TaskSource makes or reads them again from `id`,
 * so that a log stays small and a replay shows the very picture.
 */
export interface Task {
  /** Unique in the source and enough to find the picture again, e.g. "needle/7/train/12/3". */
  id: string;
  /** Name of the TaskSource. */
  source: string;
  question: string;
  answer: string;
  /** Sizes of the pictures in source pixels, in the order in which the prompt shows them. */
  imageSizesPx: { width: number; height: number }[];
  /** Where the answer stands in picture 0; absent where it is not marked. */
  goldBoxSourcePx?: Box;
  /** For rows of files: `data_source`, which chooses prompt, tool policy and reward. */
  dataSource?: string;
  /** The row's own conversation, "<image>" where a picture belongs; absent where it holds a question only. */
  messages?: { role: string; content: string }[];
  /** False where the row names no tool environment; see the knob `toolRows`. */
  tools?: boolean;
  /** The row's other columns as its file has them, pictures' bytes left out; plain JSON. */
  columns?: Record<string, unknown>;
}
