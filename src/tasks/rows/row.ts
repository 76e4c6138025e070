import type { Box } from "../../image/pixels.ts";

/** What a chat message of a row is. */
export interface Message {
  role: string;
  /** "<image>" stands where a picture belongs. */
  content: string;
}

/** One row of a file that holds tasks, pictures not yet looked at. */
export interface Row {
  /** Where the row has no messages, <image> in it says where a picture stands; otherwise they stand before it. */
  question: string;
  /** How many pictures the question refers to as it was written; absent where the messages say. */
  places?: number;
  answer: string;
  /** Chooses prompt, tool policy and reward, e.g. "vstar"; empty where the file does not say. */
  dataSource: string;
  /** Tool environment of the row, e.g. "visual_toolbox_v2"; empty where it has no tool. */
  envName: string;
  /** The prompt as the file has it; empty where it holds a question only. */
  messages: readonly Message[];
  goldBoxSourcePx?: Box;
  /** All columns but for pictures' bytes. */
  columns: Record<string, unknown>;
  /** The pictures' files, as they stand in the row. @throws Error with one sentence where one cannot be had */
  pictures(): Promise<Uint8Array[]>;
}

/** A file or folder of rows. */
export interface RowSource {
  name: string;
  /** What it is, for people, e.g. "DeepEyes parquet (snappy)". */
  kind: string;
  rows: number;
  /** @throws Error with one sentence where the row cannot be read, or lacks what a task needs */
  row(index: number): Promise<Row>;
}

/**
 * A column that must hold text. Numbers and truth values are taken as they are written in JSON; lists, whose
 * relevant entry is unknown, are not.
 * @throws Error that names row and column
 */
export function expectText(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new Error(`${where}: expected text, found a number too large to be exact; write it in quotes`);
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  throw new Error(
    `${where}: expected text, found ${value === null || value === undefined ? "none" : typeof value === "number" ? value : JSON.stringify(value).slice(0, 60)}`,
  );
}

/**
 * @throws Error where two columns have one name, or where one differs from a known one in nothing but its case or
 * spaces: it would be ignored
 */
export function expectColumnNames(columns: readonly string[], known: readonly string[], where: string): void {
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined)
    throw new Error(`${where}: expected columns of different names, found ${JSON.stringify(twice)} twice; rename one`);
  const wrong = columns.find((name) => !known.includes(name) && known.includes(name.trim().toLowerCase()));
  if (wrong !== undefined)
    throw new Error(
      `${where}: expected the column ${wrong.trim().toLowerCase()} in small letters, found ${JSON.stringify(wrong)}; rename it`,
    );
}
