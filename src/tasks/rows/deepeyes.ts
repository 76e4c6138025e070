import type { ParquetTable } from "../parquet/table.ts";
import { entriesIn, pictureColumns, pictureFiles, type ReadPicture } from "./pictures.ts";
import { expectColumnNames, expectText, type Message, type Row, type RowSource } from "./row.ts";

const knownColumns = [...pictureColumns, "prompt", "reward_model", "extra_info", "data_source", "env_name"];
const roles = ["system", "user", "assistant", "tool"];
const mostMessages = 1000;

/**
 * Rows in the layout of DeepEyes-47k, which verl's own files share: `prompt`, `images`, `reward_model`, `extra_info`,
 * `data_source` and, in DeepEyes' files, `env_name`. Columns in any order; further ones are carried along. Pictures are bytes, or
 * what a JSONL file may name instead: paths beside the file, data: URLs, base64.
 * @param readPicture reads a picture by its path in the file's folder, or rejects; absent where there is no folder
 * @throws Error with one sentence where the columns are others
 */
export function deepEyesRows(table: ParquetTable, readPicture: ReadPicture = noFolder): RowSource {
  expectColumnNames(table.columns, knownColumns, table.name);
  const lacking = ["prompt", "reward_model"].filter((name) => !table.columns.includes(name));
  if (lacking.length > 0)
    throw new Error(
      `${table.name}: expected the columns prompt, images and reward_model of DeepEyes-47k, found ${table.columns.join(", ").slice(0, 500) || "none"}; put other data into a folder with a JSONL or CSV file`,
    );
  return {
    name: table.name,
    kind: `DeepEyes parquet (${table.codecs.map((codec) => codec.toLowerCase()).join(", ") || "empty"}, ${table.groups.length} row group${table.groups.length === 1 ? "" : "s"})`,
    rows: table.rows,
    row: async (index) => {
      const where = `${table.name}, row ${index}`;
      const columns = await table.row(index);
      return {
        ...rowOf(columns, where),
        pictures: async () => {
          const read: Record<string, unknown> = { ...columns };
          for (const name of pictureColumns)
            if (table.columns.includes(name)) read[name] = withBytes(columns[name], await table.blobs(name, index));
          return pictureFiles(read, where, readPicture);
        },
      };
    },
  };
}

const noFolder: ReadPicture = (path) =>
  Promise.reject(new Error(`expected the bytes of a picture, found only its path ${JSON.stringify(path)}`));

/** The pictures of a column: their bytes where the file has them, else what it says instead. */
function withBytes(value: unknown, blobs: readonly (Uint8Array | null)[]): unknown {
  if (blobs.every((bytes) => bytes === null || bytes.length === 0)) return value;
  const said = entriesIn(value);
  return blobs.map((bytes, i) => (bytes && bytes.length > 0 ? bytes : (said[i] ?? null)));
}

function rowOf(columns: Record<string, unknown>, where: string): Omit<Row, "pictures"> {
  const messages = messagesOf(columns.prompt, where);
  const extra = structOf(columns.extra_info);
  const reward = structOf(columns.reward_model);
  if (typeof columns.reward_model === "string")
    throw new Error(
      `${where}, reward_model: expected a struct with ground_truth, found text, ${JSON.stringify(columns.reward_model).slice(0, 60)}; write it as a struct`,
    );
  const user = messages.findLast(({ role }) => role === "user");
  if (!user) throw new Error(`${where}: expected a prompt with a user's message, found none`);
  return {
    // verl's preprocessing put the whole message there, placeholders included.
    question: expectText(extra.question || user.content, `${where}, extra_info.question`)
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
  if (!Array.isArray(prompt))
    throw new Error(
      `${where}: expected a prompt of messages, found ${prompt === null || prompt === undefined ? "none" : JSON.stringify(prompt).slice(0, 60)}`,
    );
  if (prompt.length > mostMessages)
    throw new Error(`${where}: expected a prompt of at most ${mostMessages} messages, found ${prompt.length}`);
  return prompt.map((message) => {
    const { role, content, tool_calls: calls } = structOf(message);
    if (calls !== null && calls !== undefined && !(Array.isArray(calls) && calls.length === 0))
      throw new Error(`${where}: expected messages of text, found tool_calls, which a prompt cannot hold`);
    const speaker = expectText(role, `${where}, a message's role`);
    if (!roles.includes(speaker))
      throw new Error(
        `${where}: expected messages of ${roles.join(", ")}, found ${JSON.stringify(speaker.slice(0, 60))}`,
      );
    return { role: speaker, content: contentOf(content, `${where}, a message's content`) };
  });
}

/** A message is a text, or a list of parts: texts, and places where a picture belongs. */
function contentOf(content: unknown, where: string): string {
  if (!Array.isArray(content)) return expectText(content, where);
  return content
    .map((part) => {
      const { type, text, image, image_url } = structOf(part);
      const isEmpty = (value: unknown) => value === null || value === undefined || value === "";
      if (type === "text" && typeof text === "string") return text;
      if (type === "image" && isEmpty(text) && isEmpty(image) && isEmpty(image_url)) return "<image>";
      throw new Error(
        `${where}: expected text, or parts that are texts and places of pictures, found ${JSON.stringify(part).slice(0, 60)}; pictures stand in the column images`,
      );
    })
    .join("");
}

const structOf = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};

const optionalText = (value: unknown): string => (typeof value === "string" ? value : "");
