import { defineTool, type Tool } from "../../agent/tools/tool.ts";
import { defineReward, type RewardFunction } from "../../reward/rewards/reward_function.ts";
import type { RewardName } from "../../reward/rewards/table.ts";
import { defineTasks, type TaskSource, type TasksDefinition } from "../../tasks/sources/task_source.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { fromScript } from "../../train/own_code.ts";
import type { OwnParts } from "../session/run_context.ts";

/** Settings of a run: its knobs by their names (src/train/knobs.ts), and objects in the place of built-in names. */
export interface OwnSettings extends Partial<Omit<RunConfig, "reward" | "tools">> {
  /** Where tasks come from, as `defineTasks` makes it; in the place of `data` and of generated scenes. */
  tasks?: TaskSource;
  /** What is paid for: a name of the table, or what `defineReward` makes. */
  reward?: RewardName | RewardFunction;
  /** What is offered: names of built-in tools, with commas between or in a list, and what `defineTool` makes. */
  tools?: string | readonly (string | Tool)[];
}

/**
 * Knobs here, objects there; they may be plain ones, and are checked as those are that the define functions made.
 * @throws Error in one sentence about the first thing that is wrong
 */
export function splitSettings(settings: OwnSettings): { changes: Partial<RunConfig>; own: OwnParts } {
  const { tasks, reward, tools, ...rest } = settings ?? {};
  const changes: Partial<RunConfig> = { ...rest };
  const own: OwnParts = {};
  if (tasks !== undefined) {
    own.tasks = checkedTasks(tasks);
    changes.data = fromScript(tasks.name);
  }
  if (typeof reward === "string") changes.reward = reward;
  else if (reward !== undefined) {
    own.reward = defineReward(reward);
    changes.reward = fromScript(reward.name);
  }
  if (typeof tools === "string") changes.tools = tools;
  else if (tools !== undefined) {
    if (!Array.isArray(tools))
      throw new Error(
        `Expected names of tools or a list of tools, found ${typeof tools}; put a single one into a list`,
      );
    const all: readonly (string | Tool)[] = tools;
    const values = all.map((tool) => (typeof tool === "string" ? tool : fromScript(defineTool(tool).name)));
    changes.tools = values.join(",");
    const objects = new Set(all.filter((tool) => typeof tool !== "string"));
    const names = [...objects].map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) throw new Error(`${twice} is the name of two tools: rename one of them`);
    own.tools = new Map([...objects].map((tool) => [fromScript(tool.name), tool]));
  }
  return { changes, own };
}

/** What `defineTasks` made, or would make of it; or the source of an open model. */
function checkedTasks(tasks: TaskSource): TaskSource {
  const isSource = (["take", "heldOut", "pictures"] as const).every((key) => typeof tasks?.[key] === "function");
  return isSource && !("label" in tasks) ? tasks : defineTasks(tasks as unknown as TasksDefinition);
}
