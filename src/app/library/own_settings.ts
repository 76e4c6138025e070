import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { RunConfig } from "../../train/knobs.ts";
import type { OwnParts } from "../session/run_context.ts";

/** Settings of a run: its knobs by their names, and objects in the place of knobs that name built-in ones. */
export interface OwnSettings extends Partial<RunConfig> {
  /** Where tasks come from, in the place of `data` and of generated scenes. */
  tasks?: TaskSource;
}

/** Knobs here, objects there. */
export function splitSettings(settings: OwnSettings): { changes: Partial<RunConfig>; own: OwnParts } {
  const { tasks, ...changes } = settings;
  return { changes, own: { ...(tasks && { tasks }) } };
}
