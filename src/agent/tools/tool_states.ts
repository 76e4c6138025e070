import type { Task } from "../../tasks/task.ts";
import type { Tool, View } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** What the tools of one rollout keep from call to call. */
export class ToolStates {
  readonly #task: Task;
  readonly #views: readonly View[];
  readonly #opened = new Map<Tool, Promise<unknown>>();

  /** @param views  the task's pictures */
  constructor(task: Task, views: readonly View[]) {
    this.#task = task;
    this.#views = views;
  }

  of(tool: Tool): Promise<unknown> | undefined {
    const { open } = tool;
    if (!open) return undefined;
    const opened = this.#opened.get(tool) ?? Promise.resolve(open.call(tool, this.#task, this.#views));
    this.#opened.set(tool, opened);
    // There is nothing to give back.
    opened.catch(() => this.#opened.delete(tool));
    return opened;
  }

  /** Gives everything back; a second call does nothing. @throws ToolFailure for the first tool whose `close` does */
  async close(): Promise<void> {
    const failures: ToolFailure[] = [];
    for (const [tool, opened] of this.#opened) {
      this.#opened.delete(tool);
      try {
        await tool.close?.(await opened);
      } catch (error) {
        failures.push(new ToolFailure(tool, error));
      }
    }
    const [first] = failures;
    if (first) throw first;
  }
}
