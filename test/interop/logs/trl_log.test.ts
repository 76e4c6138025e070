import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { expect, test } from "vitest";
import { trlLog } from "../../../src/interop/logs/trl_log.ts";
import { filesOf, givenLog, loggedStep, needleTokenizer } from "../../support/logged_run.ts";

test("a step is a parquet file with TRL's columns, null where nobody could judge", async () => {
  const files = await filesOf(trlLog(givenLog(loggedStep, { ...loggedStep, step: 23 }), needleTokenizer));
  expect(Object.keys(files)).toEqual([
    "completions/completions_00001.parquet",
    "completions/completions_00023.parquet",
  ]);
  const file = files["completions/completions_00023.parquet"]!.buffer as ArrayBuffer;
  const prompt = "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>7?<|im_end|>\n<|im_start|>assistant\n";
  expect(await parquetReadObjects({ file })).toEqual([
    {
      step: 23n,
      prompt,
      completion:
        "<tool_call></tool_call><|im_end|>\n<|im_start|>user\n<tool_response><|vision_start|><|image_pad|><|vision_end|></tool_response><|im_end|>\n<answer>9</answer><|im_end|>",
      answer: 0.8,
      zoom: 1.2,
      kl: -0.25,
      reward: 1.75,
      advantage: 0.5,
    },
    {
      step: 23n,
      prompt,
      completion: "<answer>=é</answer><|im_end|>",
      answer: null,
      zoom: null,
      kl: null,
      reward: null,
      advantage: null,
    },
  ]);
  const columns = parquetSchema(parquetMetadata(file)).children.map(({ element }) => [element.name, element.type]);
  expect(columns).toEqual([
    ["step", "INT64"],
    ["prompt", "BYTE_ARRAY"],
    ["completion", "BYTE_ARRAY"],
    ...["answer", "zoom", "kl", "reward", "advantage"].map((name) => [name, "DOUBLE"]),
  ]);
});
