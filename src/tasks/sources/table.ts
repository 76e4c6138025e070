import { csvRows } from "./csv_rows.ts";
import { jsonLinesRows } from "./json_lines_rows.ts";
import { parquetRows } from "./parquet_rows.ts";
import type { RowFormat } from "./row_format.ts";

/** The kinds of files whose rows are tasks. What a folder is searched for, and what messages name, follow from it. */
export const rowFormats: readonly RowFormat[] = [parquetRows, jsonLinesRows, csvRows];

const endingOf = (name: string): string | undefined => /\.(\w+)(?:\?.*)?$/.exec(name)?.[1]?.toLowerCase();

/** The format that a file's name says, null where it says none of them. */
export const formatOf = (name: string): RowFormat | null =>
  rowFormats.find(({ extension }) => extension === endingOf(name)) ?? null;

/** ".parquet, .jsonl or .csv" */
export const rowFormatEndings = rowFormats
  .map(({ extension }) => `.${extension}`)
  .join(", ")
  .replace(/, (?=[^,]*$)/, " or ");
