import { folderRows } from "../rows/folder.ts";
import type { RowFormat } from "./row_format.ts";

export const jsonLinesRows: RowFormat = {
  extension: "jsonl",
  label: "JSON Lines",
  help: "an object a line with image, question and answer, beside a folder of pictures",
  open: async ({ name, bytes, readPicture }) => folderRows({ name, bytes: await bytes() }, readPicture),
};
