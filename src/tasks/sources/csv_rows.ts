import { folderRows } from "../rows/folder.ts";
import type { RowFormat } from "./row_format.ts";

export const csvRows: RowFormat = {
  extension: "csv",
  label: "CSV",
  help: "the columns image, question and answer, beside a folder of pictures",
  open: async ({ name, bytes, readPicture }) => folderRows({ name, bytes: await bytes() }, readPicture),
};
