import type { Tool } from "../../agent/tools/tool.ts";
import type { RewardFunction } from "../../reward/rewards/reward_function.ts";
import type { RewardName } from "../../reward/rewards/table.ts";
import type { TaskSource } from "../../tasks/sources/task_source.ts";
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

/** Knobs here, objects there. */
export function splitSettings(settings: OwnSettings): { changes: Partial<RunConfig>; own: OwnParts } {
  const { tasks, reward, tools, ...rest } = settings;
  const changes: Partial<RunConfig> = { ...rest };
  const own: OwnParts = {};
  if (tasks) {
    own.tasks = tasks;
    changes.data = fromScript(tasks.name);
  }
  if (typeof reward === "object") {
    own.reward = reward;
    changes.reward = fromScript(reward.name);
  } else if (reward !== undefined) changes.reward = reward;
  if (typeof tools === "string") changes.tools = tools;
  else if (tools) {
    const values = tools.map((tool) => (typeof tool === "string" ? tool : fromScript(tool.name)));
    changes.tools = values.join(",");
    own.tools = new Map(
      tools.flatMap((tool) => (typeof tool === "string" ? [] : [[fromScript(tool.name), tool] as const])),
    );
  }
  return { changes, own };
}
