import type { Task } from "../../tasks/task.ts";
import type { Tool, View } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** What the tools of one rollout keep from call to call. */
export class ToolStates {
  readonly #task: Task;
  readonly #views: readonly View[];
  readonly #opened = new Map<Tool, unknown>();

  /** @param views  the task's pictures */
  constructor(task: Task, views: readonly View[]) {
    this.#task = task;
    this.#views = views;
  }

  async of(tool: Tool): Promise<unknown> {
    if (!tool.open) return undefined;
    if (!this.#opened.has(tool)) this.#opened.set(tool, await tool.open(this.#task, this.#views));
    return this.#opened.get(tool);
  }

  /** Gives everything back; a second call does nothing. @throws ToolFailure for the first tool whose `close` does */
  async close(): Promise<void> {
    const failures: ToolFailure[] = [];
    for (const [tool, state] of this.#opened) {
      this.#opened.delete(tool);
      try {
        await tool.close?.(state);
      } catch (error) {
        failures.push(new ToolFailure(tool, error));
      }
    }
    const [first] = failures;
    if (first) throw first;
  }
}
