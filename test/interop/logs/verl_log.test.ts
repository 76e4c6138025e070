import { expect, test } from "vitest";
import { verlLog } from "../../../src/interop/logs/verl_log.ts";
import { filesOf, givenLog, loggedStep, needleTokenizer, textOf } from "../../support/logged_run.ts";

test("a step is a file, a rollout a line with verl's fields first", async () => {
  const files = await filesOf(
    verlLog(
      givenLog(loggedStep, { ...loggedStep, step: 12 }, { ...loggedStep, step: 13, groups: [] }),
      needleTokenizer,
    ),
  );
  expect(Object.keys(files)).toEqual(["1.jsonl", "12.jsonl"]);
  const input = "<|im_start|>user\\n<|vision_start|><|image_pad|><|vision_end|>7?<|im_end|>\\n<|im_start|>assistant\\n";
  expect(textOf(files["1.jsonl"]).split("\n")).toEqual([
    `{"input":"${input}","output":"<tool_call></tool_call><|im_end|>\\n<|im_start|>user\\n<tool_response><|vision_start|><|image_pad|><|vision_end|></tool_response><|im_end|>\\n<answer>9</answer><|im_end|>","gts":"9","score":2,"step":1,"request_id":"0·0·0","data_source":"needle","acc":1,"reward_answer":0.8,"reward_zoom":1.2,"reward_kl":-0.25,"reward":1.75,"advantage":0.5,"pred":"9","verdict":"exact","end":"answer","num_turns":4,"num_tool_calls":1,"num_tool_calls_succeeded":1}`,
    `{"input":"${input}","output":"<answer>=é</answer><|im_end|>","gts":"9","score":null,"step":1,"request_id":"0·0·1","data_source":"needle","acc":null,"reward_answer":null,"reward_zoom":null,"reward_kl":null,"reward":null,"advantage":null,"pred":"=é","verdict":null,"end":"answer","num_turns":2,"num_tool_calls":0,"num_tool_calls_succeeded":0}`,
    "",
  ]);
});
