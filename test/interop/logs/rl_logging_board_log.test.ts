import { expect, test } from "vitest";
import { rlLoggingBoardLog } from "../../../src/interop/logs/rl_logging_board_log.ts";
import { filesOf, givenLog, loggedStep, needleTokenizer, textOf } from "../../support/logged_run.ts";

test("lists are over the model's tokens, the reward stands at the last, unjudged rollouts are left out", async () => {
  const files = await filesOf(rlLoggingBoardLog(givenLog(loggedStep, { ...loggedStep, step: 2 }), needleTokenizer));
  expect(Object.keys(files)).toEqual(["rollouts.jsonl"]);
  const lines = textOf(files["rollouts.jsonl"]).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2]);
  expect(JSON.parse(lines[0]!)).toEqual({
    step: 1,
    prompt: "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>7?<|im_end|>\n<|im_start|>assistant\n",
    response:
      "<tool_call></tool_call><|im_end|>\n<|im_start|>user\n<tool_response><|vision_start|><|image_pad|><|vision_end|></tool_response><|im_end|>\n<answer>9</answer><|im_end|>",
    response_tokens: ["<tool_call>", "</tool_call>", "<|im_end|>", "<answer>", "9", "</answer>", "<|im_end|>"],
    logprobs: Array(7).fill(-0.5),
    values: Array(7).fill(0),
    token_rewards: [0, 0, 0, 0, 0, 0, 1.75],
    reward: 1.75,
    ground_truth: "9",
    rm_response: "exact",
  });
});
