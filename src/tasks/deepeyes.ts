import type { ParquetTable } from "./parquet.ts";
import { expectText, type Message, type Row, type RowSource } from "./row.ts";

/** Columns that may hold the pictures; the first that is there does. */
const pictureColumns = ["images", "image"];

/**
 * Rows in the layout of DeepEyes-47k, which verl's own files share: `prompt`, `images`, `reward_model`, `extra_info`,
 * `data_source` and, in DeepEyes' files, `env_name`. Columns in any order; more of them are kept.
 * @throws Error with one sentence where the columns are others
 */
export function deepEyesRows(table: ParquetTable): RowSource {
  const pictures = pictureColumns.find((name) => table.columns.includes(name));
  const lacking = ["prompt", "reward_model"].filter((name) => !table.columns.includes(name));
  if (lacking.length > 0)
    throw new Error(
      `${table.name}: expected the columns prompt, images and reward_model of DeepEyes-47k, found ${table.columns.join(", ") || "none"}; put other data into a folder with a JSONL or CSV file`,
    );
  return {
    name: table.name,
    kind: `DeepEyes parquet (${table.codecs.map((codec) => codec.toLowerCase()).join(", ") || "empty"}, ${table.groups.length} row group${table.groups.length === 1 ? "" : "s"})`,
    rows: table.rows,
    row: async (index) => {
      const columns = await table.row(index);
      return {
        ...rowOf(columns, `${table.name}, row ${index}`),
        pictures: async () => {
          if (pictures === undefined) return [];
          const blobs = await table.blobs(pictures, index);
          return blobs.map((bytes, i) => {
            if (bytes) return bytes;
            const path = pathOf(columns[pictures], i);
            throw new Error(
              `${table.name}, row ${index}: expected the bytes of picture ${i}, found ${path ? `only its path ${JSON.stringify(path)}` : "none"}`,
            );
          });
        },
      };
    },
  };
}

function rowOf(columns: Record<string, unknown>, where: string): Omit<Row, "pictures"> {
  const messages = messagesOf(columns.prompt, where);
  const extra = structOf(columns.extra_info);
  const reward = structOf(columns.reward_model);
  const user = messages.findLast(({ role }) => role === "user");
  if (!user) throw new Error(`${where}: expected a prompt with a user's message, found none`);
  return {
    // verl's preprocessing put the whole message there, placeholders included.
    question: expectText(extra.question ?? user.content, `${where}, extra_info.question`)
      .replaceAll("<image>", "")
      .trim(),
    answer: expectText(reward.ground_truth ?? extra.answer, `${where}, reward_model.ground_truth`),
    dataSource: optionalText(columns.data_source),
    envName: optionalText(columns.env_name),
    messages,
    columns,
  };
}

function messagesOf(prompt: unknown, where: string): Message[] {
  if (!Array.isArray(prompt)) throw new Error(`${where}: expected a prompt of messages, found none`);
  return prompt.map((message) => {
    const { role, content } = structOf(message);
    return {
      role: expectText(role, `${where}, a message's role`),
      content: expectText(content, `${where}, a message's content`),
    };
  });
}

const structOf = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};

const optionalText = (value: unknown): string => (typeof value === "string" ? value : "");

function pathOf(pictures: unknown, index: number): string {
  const one = Array.isArray(pictures) ? pictures[index] : pictures;
  return optionalText(structOf(one).path);
}
