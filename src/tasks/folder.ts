import type { Box } from "../image/pixels.ts";
import { csvRows } from "./csv.ts";
import { expectText, type Row, type RowSource } from "./row.ts";

/** Names of columns that mean the same. */
const imageColumns = ["image", "images"];

/**
 * A folder with pictures and one file that describes them: JSON Lines or CSV with `image` (path in the folder, or a
 * list of them), `question`, `answer` and, where someone marked it, `bbox` ([left, top, right, bottom] in source
 * pixels). `data_source` and `env_name` are understood; other columns are kept.
 * @param list name and contents of the describing file
 * @param readFile reads a picture by its path in the folder, or rejects
 * @throws Error with one sentence where the file is neither or lacks a column
 */
export function folderRows(
  list: { name: string; bytes: Uint8Array },
  readFile: (path: string) => Promise<Uint8Array>,
): RowSource {
  const isCsv = /\.csv$/i.test(list.name);
  const text = new TextDecoder().decode(list.bytes);
  const rows = isCsv ? csvRows(text, list.name).map((row) => () => row) : jsonRows(text, list.name);
  if (isCsv && rows.length > 0) {
    const columns = Object.keys(rows[0]!());
    const lacking = ["question", "answer"].filter((name) => !columns.includes(name));
    if (lacking.length > 0)
      throw new Error(`${list.name}: expected the columns image, question and answer, found ${columns.join(", ")}`);
  }
  return {
    name: list.name,
    kind: isCsv ? "folder with a CSV file" : "folder with a JSONL file",
    rows: rows.length,
    row: async (index) => {
      const where = `${list.name}, row ${index}`;
      const columns = rows[index]!();
      return {
        ...rowOf(columns, where),
        pictures: async () => Promise.all(picturePaths(columns, where).map((path) => readFile(inside(path, where)))),
      };
    },
  };
}

/** Lines are parsed when they are asked for, so that one bad line costs one row. */
function jsonRows(text: string, file: string): (() => Record<string, unknown>)[] {
  const lines = text.split("\n").map((line, i) => ({ line: line.trim(), number: i + 1 }));
  return lines
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => () => {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (error) {
        throw new Error(`${file}, line ${number}: expected a JSON object, found ${(error as Error).message}`);
      }
      if (value === null || typeof value !== "object" || Array.isArray(value))
        throw new Error(`${file}, line ${number}: expected a JSON object, found ${line.slice(0, 40)}`);
      return value as Record<string, unknown>;
    });
}

function rowOf(columns: Record<string, unknown>, where: string): Omit<Row, "pictures"> {
  const box = boxOf(columns.bbox, where);
  return {
    question: expectText(columns.question, `${where}, question`),
    answer: expectText(columns.answer, `${where}, answer`),
    dataSource: typeof columns.data_source === "string" ? columns.data_source : "",
    envName: typeof columns.env_name === "string" ? columns.env_name : "",
    messages: [],
    ...(box ? { goldBoxSourcePx: box } : {}),
    columns,
  };
}

/** A list in JSON; in CSV a path, or a list written as JSON. */
function picturePaths(columns: Record<string, unknown>, where: string): string[] {
  const name = imageColumns.find((column) => columns[column] !== undefined);
  const value = name === undefined ? null : parsed(columns[name], where);
  if (value === null || value === "") return [];
  return (Array.isArray(value) ? value : [value]).map((path) => expectText(path, `${where}, ${name}`));
}

function boxOf(value: unknown, where: string): Box | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const box = parsed(value, where);
  if (
    !Array.isArray(box) ||
    box.length !== 4 ||
    !box.every((edge) => typeof edge === "number" && Number.isFinite(edge))
  )
    throw new Error(`${where}: expected bbox as [left, top, right, bottom] in pixels, found ${JSON.stringify(value)}`);
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

/** A path that stays in the folder. */
function inside(path: string, where: string): string {
  const parts = path.split(/[/\\]/);
  if (path === "" || /^([/\\]|[a-zA-Z][a-zA-Z0-9+.-]*:)/.test(path) || parts.includes(".."))
    throw new Error(`${where}: expected the path of a picture inside the folder, found ${JSON.stringify(path)}`);
  return parts.filter((part) => part !== ".").join("/");
}
