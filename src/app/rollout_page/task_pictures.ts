import type { Pixels } from "../../image/pixels.ts";
import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Platform } from "../../platform.ts";
import { scenePictures } from "../../tasks/sources/scenes.ts";
import type { Task } from "../../tasks/task.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { openRunTasks } from "../data/run_tasks.ts";

/** How large the shipped models see pictures, for logs from before runs recorded it. */
export const shippedView = { factor: 16, minPixels: 4096, maxPixels: 4096 };

/** Pictures of a run's tasks, without its model. */
export type TaskPictures = (task: Task) => Promise<{ pictures: Pixels[] | null; missing: string | null }>;

/** Opens the tasks of a run when the first picture is asked for. What cannot be had is said where the picture would be. */
export function taskPictures(config: RunConfig, platform: Platform, view: SizeLimits): TaskPictures {
  let opened: ReturnType<typeof openRunTasks> | null = null;
  return async (task) => {
    if (config.model === "") return { pictures: null, missing: "This log of another program holds no pictures" };
    if (isOwnCode(config.data))
      return { pictures: null, missing: `Its tasks come from ${config.data}, which is not run to read a log` };
    try {
      if (config.data === "") return { pictures: scenePictures(task.id, config), missing: null };
      opened ??= openRunTasks(config, platform, view);
      return { pictures: await (await opened).pictures(task), missing: null };
    } catch (error) {
      return { pictures: null, missing: `Its picture cannot be had: ${(error as Error).message}` };
    }
  };
}
