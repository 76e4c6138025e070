import type { Task } from "../../tasks/task.ts";
import type { ToolCall } from "../rollout.ts";
import { mark } from "./mark.ts";
import { rotation } from "./rotate.ts";
import type { Tool } from "./tool.ts";
import { zoom } from "./zoom.ts";

/** The tools that every run can offer. */
export const builtInTools: readonly Tool[] = [zoom, rotation, mark];

/** The knobs that choose tools. */
export interface ToolChoice {
  /** Names with commas between. */
  tools: string;
  /** As if the rotation stood among them: the knob of runs from before `tools`. */
  rotate: boolean;
}

/**
 * The tools of a run, in the order of their names there.
 * @param added  a person's own tools
 * @throws Error with one sentence where there is no tool of a name, or where two have one name: calls and replays go by it
 */
export function chooseTools({ tools, rotate }: ToolChoice, added: readonly Tool[] = []): Tool[] {
  const known = new Map(builtInTools.map((tool) => [tool.name, tool]));
  for (const tool of added) {
    const other = known.get(tool.name);
    if (other && other !== tool) {
      const whose = builtInTools.includes(other) ? "the name of a built-in tool" : "the name of two tools";
      throw new Error(`${tool.name} is ${whose}: rename yours, and name it by that where it is offered`);
    }
    known.set(tool.name, tool);
  }
  const named = tools.split(",").flatMap((name) => name.trim() || []);
  return [...new Set([...named, ...(rotate ? [rotation.name] : [])])].map((name) => {
    const tool = known.get(name);
    if (tool) return tool;
    throw new Error(
      `There is no tool "${name}"; there are ${[...known.keys()].join(", ")}. A tool of your own must be loaded where it is used`,
    );
  });
}

/** What a call that was carried out did, in a few words for people. */
export function callSummary(call: ToolCall, tools: readonly Tool[] = builtInTools): string {
  const tool = tools.find(({ name }) => name === call.name);
  const otherwise = tool?.label ?? call.name;
  try {
    const summary: unknown = tool?.summary?.(call);
    return typeof summary === "string" ? summary : otherwise;
  } catch {
    // Somebody's log, whose details may be anything.
    return otherwise;
  }
}

/** Whether the model may call a tool on this task. */
export const offersTools = (task: Task, { zoom, toolRows }: OfferSettings): boolean =>
  zoom && (toolRows === "all" || task.tools !== false);

export interface OfferSettings {
  /** False: the model cannot start a tool call, and one spelled out in bytes is malformed. */
  zoom: boolean;
  /** Whether rows without a tool environment are offered tools all the same. */
  toolRows: "named" | "all";
}
