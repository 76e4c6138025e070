import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { OfferedTool } from "../../../policy/offered_tool.ts";
import type { VerlRow } from "./task_rows.ts";

/** Rows of one group: its pictures are in memory together. */
const rowsTogether = 32;
const bytesTogether = 2 ** 26;

const text = (name: string, repetition: "REQUIRED" | "OPTIONAL" = "OPTIONAL"): SchemaElement => ({
  name,
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  repetition_type: repetition,
});
const group = (name: string, children: number, more: Partial<SchemaElement> = {}): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  num_children: children,
  ...more,
});
/** A list as Arrow writes it. */
const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
  group(name, 1, { converted_type: "LIST" }),
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element,
];

/** verl's columns; a struct of create_kwargs for every tool, which verl hands to a tool's create(). */
const schemaOf = (tools: readonly OfferedTool[]): SchemaElement[] => [
  { name: "root", num_children: 6 },
  text("data_source"),
  ...list("prompt", [
    group("element", 3),
    text("role"),
    text("content"),
    { name: "tools", type: "BOOLEAN", repetition_type: "OPTIONAL" },
  ]),
  ...list("images", [
    group("element", 2),
    { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
    text("path"),
  ]),
  group("reward_model", 2),
  text("style"),
  text("ground_truth"),
  text("agent_name"),
  group("extra_info", 11 + (tools.length > 0 ? 1 : 0)),
  text("split"),
  { name: "index", type: "INT64", repetition_type: "OPTIONAL" },
  text("id"),
  text("question"),
  text("answer"),
  text("source"),
  { name: "offers_tools", type: "BOOLEAN", repetition_type: "OPTIONAL" },
  ...list("tool_selection", [text("element")]),
  ...list("gold_box", [{ name: "element", type: "DOUBLE", repetition_type: "OPTIONAL" }]),
  { name: "prompt_tokens", type: "INT64", repetition_type: "OPTIONAL" },
  text("columns"),
  ...(tools.length > 0
    ? [
        group("tools_kwargs", tools.length),
        ...tools.flatMap(({ name }) => [group(name, 1), group("create_kwargs", 1), text("task")]),
      ]
    : []),
];

/** A parquet file of rows, piece by piece: some rows are in memory at a time. `wrote` gets how many there were. */
export async function* parquetRows(
  rows: AsyncIterable<VerlRow>,
  tools: readonly OfferedTool[],
  wrote: (rows: number) => void,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter(2 ** 20);
  const parquet = new ParquetWriter({ writer, schema: schemaOf(tools), createdBy: "saccade", statistics: false });
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    // What follows counts its places by `offset`, which goes on.
    (writer as unknown as { index: number }).index = 0;
    return bytes;
  };
  let together: VerlRow[] = [];
  let bytes = 0;
  let count = 0;
  const flush = (): Uint8Array => {
    parquet.write({ columnData: columnsOf(together, tools), rowGroupSize: together.length });
    count += together.length;
    together = [];
    bytes = 0;
    return taken();
  };
  for await (const row of rows) {
    together.push(row);
    bytes += row.images.reduce((sum, { length }) => sum + length, 0);
    if (together.length === rowsTogether || bytes > bytesTogether) yield flush();
  }
  if (together.length > 0) yield flush();
  parquet.finish();
  yield taken();
  wrote(count);
}

function columnsOf(rows: readonly VerlRow[], tools: readonly OfferedTool[]) {
  const column = (name: string, data: unknown[], codec?: "UNCOMPRESSED") => ({
    name,
    data,
    ...(codec ? { codec } : {}),
  });
  return [
    column(
      "data_source",
      rows.map(({ dataSource }) => dataSource),
    ),
    column(
      "prompt",
      rows.map(({ prompt }) => prompt),
    ),
    // They are packed already.
    column(
      "images",
      rows.map(({ images }) => images.map((file) => ({ bytes: file, path: null }))),
      "UNCOMPRESSED",
    ),
    column(
      "reward_model",
      rows.map(({ style, answer }) => ({ style, ground_truth: answer })),
    ),
    column(
      "agent_name",
      rows.map(() => "tool_agent"),
    ),
    column(
      "extra_info",
      rows.map((row) => ({
        split: row.split,
        index: BigInt(row.index),
        id: row.id,
        question: row.question,
        answer: row.answer,
        source: row.source,
        offers_tools: row.offersTools,
        tool_selection: row.toolSelection,
        gold_box: row.goldBox,
        prompt_tokens: row.promptTokens === null ? null : BigInt(row.promptTokens),
        columns: row.columns,
        ...(tools.length > 0 && {
          tools_kwargs: Object.fromEntries(tools.map(({ name }) => [name, { create_kwargs: { task: row.id } }])),
        }),
      })),
    ),
  ];
}
