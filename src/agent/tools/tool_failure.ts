import type { Tool } from "./tool.ts";

/** A tool broke down, through no fault of the model's: the rollout ends with "error" and this sentence. */
export class ToolFailure extends Error {
  override name = "ToolFailure";

  constructor({ name }: Pick<Tool, "name">, cause: unknown) {
    super(`The tool ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
