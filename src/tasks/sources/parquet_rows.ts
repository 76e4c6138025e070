import { deepEyesRows } from "../rows/deepeyes.ts";
import type { RowFormat } from "./row_format.ts";

export const parquetRows: RowFormat = {
  extension: "parquet",
  label: "parquet",
  help: "rows in the layout of DeepEyes-47k, pictures among them",
  open: async (file) => {
    // The page fetches the reader with the first such file.
    const { ParquetTable } = await import("../parquet/table.ts");
    return deepEyesRows(await ParquetTable.open(file), file.readPicture);
  },
};
