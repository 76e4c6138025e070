import { parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import type { LoggedStep } from "../../../src/interop/logs/logged_steps.ts";
import { trlLog } from "../../../src/interop/logs/trl_log.ts";
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

test("what continues another says so, in every line of its step", async () => {
  const [{ task, rollouts }] = loggedStep.groups as [LoggedStep["groups"][number]];
  const [zoomed] = rollouts as [Rollout];
  const continued = { ...zoomed, continuedAt: 12 };
  const continuation = { ...zoomed, id: "0·0·2", continues: { rollout: zoomed.id, token: 12 } };
  const step = { ...loggedStep, groups: [{ task, rollouts: [continued, continuation] }] };
  const files = await filesOf(verlLog(givenLog(step), needleTokenizer));
  const lines = textOf(files["1.jsonl"])
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { request_id: "0·0·0", continues: null, continues_from: null, continued_at: 12 },
    { request_id: "0·0·2", continues: "0·0·0", continues_from: 12, continued_at: null },
  ]);
  const trl = await filesOf(trlLog(givenLog(step), needleTokenizer));
  const file = trl["completions/completions_00001.parquet"]!.buffer as ArrayBuffer;
  expect(await parquetReadObjects({ file })).toMatchObject([
    { continues: null, continues_from: null, continued_at: 12 },
    { continues: "0·0·0", continues_from: 12, continued_at: null },
  ]);
});
