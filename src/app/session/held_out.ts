import type { TaskSource } from "../../tasks/sources/task_source.ts";
import type { Task } from "../../tasks/task.ts";
import { evaluate } from "../../train/evaluation.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import type { CausalProbes, RollingParts } from "../../train/run_parts.ts";
import type { Evaluation } from "./session.ts";

/** Tasks that are not trained on; fewer where there are no more. @throws Error where there are none */
export async function heldOutTasks(
  source: TaskSource,
  { heldOutRows, data }: Pick<RunConfig, "heldOutRows" | "data">,
  count: number,
): Promise<Task[]> {
  const tasks = await source.heldOut(count);
  if (tasks.length === 0)
    throw new Error(
      heldOutRows === 0 && !isOwnCode(data)
        ? "Expected rows that are held out of the training, found none: heldOutRows is 0, so all of them are trained on; train with --held-out-rows N"
        : `Expected tasks that are held out of the training, found none that can be asked: ${source.heldOutNotes?.().join("; ")}`,
    );
  return tasks;
}

/** Accuracy and the like on them, one attempt each. @throws Error where there are none */
export async function evaluateHeldOut(
  parts: RollingParts,
  config: Pick<RunConfig, "heldOutRows" | "data">,
  { tasks: wanted, greedy, probes }: { tasks: number; greedy: boolean; probes?: CausalProbes },
): Promise<Evaluation> {
  const startedMs = performance.now();
  const tasks = await heldOutTasks(parts.source, config, wanted);
  const found = await evaluate(parts, tasks, greedy, probes);
  const notes = tasks.length < wanted ? (parts.source.heldOutNotes?.() ?? []) : [];
  return { ...found, durationMs: performance.now() - startedMs, tasks: tasks.length, notes };
}
