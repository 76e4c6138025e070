import { expect, test } from "vitest";
import type { ParquetTable } from "../../../src/tasks/parquet/table.ts";
import { deepEyesRows } from "../../../src/tasks/rows/deepeyes.ts";

const prompt = [
  { role: "system", content: "S" },
  { role: "user", content: "<image>\nIs it?\nThink." },
];
/** A table of one row without a file behind it. */
const rows = (row: Record<string, unknown>, blobs: (Uint8Array | null)[] = []) =>
  deepEyesRows({
    name: "t",
    rows: 1,
    groups: [{ firstRow: 0, rows: 1 }],
    columns: Object.keys(row),
    codecs: ["SNAPPY"],
    row: async () => row,
    blobs: async () => blobs,
  } as unknown as ParquetTable);

test("question and answer come from their structs, else from the prompt", async () => {
  const reward_model = { ground_truth: "Yes", style: "model" };
  const full = rows({ prompt, reward_model, extra_info: { question: "Is it?" }, data_source: "vstar", env_name: null });
  expect(await full.row(0)).toMatchObject({ question: "Is it?", answer: "Yes", dataSource: "vstar", envName: "" });
  expect(full.kind).toBe("DeepEyes parquet (snappy, 1 row group)");
  const bare = rows({ prompt, reward_model, extra_info: null });
  expect(await bare.row(0)).toMatchObject({ question: "Is it?\nThink.", messages: prompt, dataSource: "" });
});

test.each([
  [{ prompt: null, reward_model: { ground_truth: "A" } }, "t, row 0: expected a prompt of messages, found none"],
  [{ prompt: [prompt[0]], reward_model: { ground_truth: "A" } }, "t, row 0: expected a prompt with a user's message"],
  [{ prompt, reward_model: null }, "t, row 0, reward_model.ground_truth: expected text, found none"],
  [
    { prompt, reward_model: '{"ground_truth": "A"}', extra_info: { answer: "B" } },
    "t, row 0, reward_model: expected a struct with ground_truth, found text",
  ],
  [
    { prompt: [{ role: "human", content: "Q" }], reward_model: { ground_truth: "A" } },
    't, row 0: expected messages of system, user, assistant, tool, found "human"',
  ],
  [
    { prompt: '[{"role":"user"}]', reward_model: { ground_truth: "A" } },
    't, row 0: expected a prompt of messages, found "[{',
  ],
  [
    { prompt: [{ role: "user", content: [{ type: "image", image: "a.png" }] }], reward_model: { ground_truth: "A" } },
    "expected text, or parts that are texts and places of pictures, found",
  ],
  [
    { prompt: [{ role: "user", content: "Q", tool_calls: [{}] }], reward_model: { ground_truth: "A" } },
    "t, row 0: expected messages of text, found tool_calls",
  ],
  [
    { prompt: [{ role: "user", content: {} }], reward_model: {} },
    "t, row 0, a message's content: expected text, found {}",
  ],
])("a row that lacks something, %#", async (row, message) => {
  await expect(rows(row).row(0)).rejects.toThrow(message);
});

test("a picture that is only named", async () => {
  const row = await rows({ prompt, reward_model: { ground_truth: "A" }, images: [{ path: "/disk/a.jpg" }] }, [
    null,
  ]).row(0);
  await expect(row.pictures()).rejects.toThrow(
    't, row 0, images: expected the path of a picture inside the folder, found "/disk/a.jpg"',
  );
});

test("a message in parts: texts, and places of pictures", async () => {
  const parts = [
    { type: "image", text: null },
    { type: "text", text: "Is it?" },
  ];
  const row = await rows({ prompt: [{ role: "user", content: parts }], reward_model: { ground_truth: "A" } }).row(0);
  expect(row).toMatchObject({ question: "Is it?", messages: [{ role: "user", content: "<image>Is it?" }] });
});

test("two columns of one name", () => {
  const twice = { name: "t", columns: ["prompt", "reward_model", "prompt"] } as unknown as ParquetTable;
  expect(() => deepEyesRows(twice)).toThrow('t: expected columns of different names, found "prompt" twice');
});

test("a table of something else", () => {
  expect(() => rows({ a: 1, b: 2 })).toThrow(
    "t: expected the columns prompt, images and reward_model of DeepEyes-47k, found a, b",
  );
});
