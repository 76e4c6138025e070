import { describe, expect, test } from "vitest";
import { mark } from "../../../src/agent/tools/mark.ts";
import { splitSettings } from "../../../src/app/library/own_settings.ts";
import { defineReward } from "../../../src/reward/rewards/reward_function.ts";
import { generatedScenes } from "../../../src/tasks/sources/scenes.ts";
import { defineTasks } from "../../../src/tasks/sources/task_source.ts";
import { resolveConfig } from "../../../src/train/config.ts";

const about = { label: "Mine", help: "of a test" };
const tasks = { name: "mine", ...about, take: () => [], pictures: () => [] };
const reward = {
  name: "mine",
  ...about,
  source: "here",
  parts: [{ name: "one", label: "a", help: "b" }],
  score: () => ({ one: 1 }),
};
const tool = { ...mark, name: "own_tool" };

describe("settings of a script", () => {
  test("plain objects are checked and used as those of the define functions", async () => {
    const { changes, own } = splitSettings({
      tasks: tasks as never,
      reward,
      tools: ["image_mark_tool", tool, tool],
      steps: 2,
    });
    expect(changes).toEqual({
      data: "script:mine",
      reward: "script:mine",
      tools: "image_mark_tool,script:own_tool,script:own_tool",
      steps: 2,
    });
    expect([...(own.tools ?? [])]).toEqual([["script:own_tool", tool]]);
    await expect(own.tasks?.take(0, 1)).rejects.toThrow("Expected 1 tasks of step 0 from the source mine, found 0");
  });

  test("what was defined is taken as it is, and so is a model's own source", () => {
    const defined = defineTasks(tasks);
    expect(splitSettings({ tasks: defined, reward: defineReward(reward) }).own.tasks).toBe(defined);
    expect(defineTasks(defined).heldOutNotes?.()).toEqual(["the task source mine has no heldOut()"]);
    const config = resolveConfig({});
    const source = { ...generatedScenes(config, 0), pictures: async () => [] };
    expect(splitSettings({ tasks: source }).own.tasks).toBe(source);
  });

  test.each<[string, object, string]>([
    ["null for a reward", { reward: null }, "Expected a reward, an object with a name, parts and score(), found null"],
    ["a function for a reward", { reward: () => 1 }, "Expected a reward, an object"],
    ["an empty reward", { reward: {} }, "Expected a reward's name of small letters"],
    ["an empty source", { tasks: {} }, "Expected a task source's name of small letters"],
    [
      "a text for a source",
      { tasks: "x" },
      "Expected a task source, an object with a name, take() and pictures(), found x",
    ],
    ["a hole among tools", { tools: [undefined] }, "The tool without a name: name must be"],
    ["one tool", { tools: tool }, "Expected names of tools or a list of tools, found object"],
    ["two tools of one name", { tools: [tool, { ...tool }] }, "own_tool is the name of two tools"],
  ])("%s is refused in one sentence", (_, settings, sentence) => {
    expect(() => splitSettings(settings)).toThrow(sentence);
  });
});
