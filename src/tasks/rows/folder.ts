import type { Box } from "../../image/pixels.ts";
import { type CsvFile, readCsv } from "./csv.ts";
import { readJsonLines } from "./json_lines.ts";
import { entriesIn, pictureColumns, pictureFiles, type ReadPicture } from "./pictures.ts";
import { expectColumnNames, expectText, type Row, type RowSource } from "./row.ts";
import { utf8Of } from "./text_encoding.ts";

/**
 * A folder with pictures and one file that describes them: JSON Lines or CSV with `image` or `images` (path in the
 * folder, data: URL or base64, or a list of them), `question`, `answer` and, where someone marked it, `bbox` ([left,
 * top, right, bottom] in source pixels). `data_source` and `env_name` are understood; other columns are carried along. A question
 * may say with <image> where its pictures stand.
 * @param list name and contents of the describing file, in UTF-8 or UTF-16
 * @param readPicture reads a picture by its path in the folder, or rejects
 * @throws Error with one sentence where the file is neither or lacks a column
 */
export function folderRows(list: { name: string; bytes: Uint8Array }, readPicture: ReadPicture): RowSource {
  const isCsv = /\.csv$/i.test(list.name);
  const bytes = utf8Of(list.bytes, list.name);
  const file: Pick<CsvFile, "rows"> & { row(index: number): Record<string, unknown> } = isCsv
    ? csvRows(bytes, list.name)
    : readJsonLines(bytes, list.name);
  return {
    name: list.name,
    kind: isCsv ? "folder with a CSV file" : "folder with a JSONL file",
    rows: file.rows,
    row: async (index) => {
      const where = `${list.name}, row ${index}`;
      const columns = file.row(index);
      if (!isCsv) expectColumnNames(Object.keys(columns), knownColumns, where);
      return {
        ...rowOf(columns, where),
        pictures: async () => pictureFiles(listsParsed(columns, where), where, readPicture),
      };
    },
  };
}

function csvRows(bytes: Uint8Array, name: string): CsvFile {
  const file = readCsv(bytes, name);
  expectColumnNames(file.columns, knownColumns, name);
  const lacking = ["question", "answer"].filter((column) => !file.columns.includes(column));
  if (lacking.length > 0)
    throw new Error(
      `${name}: expected the columns image, question and answer, found ${file.columns.join(", ").slice(0, 500)}`,
    );
  return file;
}

const knownColumns = [...pictureColumns, "question", "answer", "bbox", "data_source", "env_name"];

function rowOf(columns: Record<string, unknown>, where: string): Omit<Row, "pictures"> {
  const box = boxOf(columns.bbox, where);
  const question = expectText(columns.question, `${where}, question`);
  const places = question.split("<image>").length - 1;
  // Pictures stand before a question that says nothing else.
  const [leading] = /^(\s*<image>)*\s*/.exec(question)!;
  const leads = leading.split("<image>").length - 1 === places && places > 0;
  return {
    question: leads ? question.slice(leading.length) : question,
    places,
    answer: expectText(columns.answer, `${where}, answer`),
    dataSource: typeof columns.data_source === "string" ? columns.data_source : "",
    envName: typeof columns.env_name === "string" ? columns.env_name : "",
    messages: [],
    ...(box ? { goldBoxSourcePx: box } : {}),
    columns,
  };
}

/** In a CSV file several pictures are written as a list in JSON. */
function listsParsed(columns: Record<string, unknown>, where: string): Record<string, unknown> {
  const read = { ...columns };
  for (const name of pictureColumns)
    if (name in read) read[name] = entriesIn(read[name]).length > 0 ? parsed(read[name], `${where}, ${name}`) : null;
  return read;
}

function boxOf(value: unknown, where: string): Box | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const box = parsed(value, where);
  if (
    !Array.isArray(box) ||
    box.length !== 4 ||
    !box.every((edge) => typeof edge === "number" && Number.isFinite(edge))
  )
    throw new Error(
      `${where}: expected bbox as [left, top, right, bottom] in pixels, found ${JSON.stringify(value).slice(0, 200)}`,
    );
  const [left, top, right, bottom] = box as Box;
  if (!(left < right && top < bottom && left >= 0 && top >= 0))
    throw new Error(`${where}: expected a bbox with left < right and top < bottom, found ${JSON.stringify(value)}`);
  return [left, top, right, bottom];
}

function parsed(value: unknown, where: string): unknown {
  if (typeof value !== "string" || !value.trim().startsWith("[")) return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new Error(`${where}: expected a list in JSON, found ${value.slice(0, 60)}`);
  }
}
