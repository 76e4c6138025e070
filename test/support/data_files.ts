import type { ByteSource } from "../../src/tasks/byte_source.ts";
import { ParquetTable } from "../../src/tasks/parquet/table.ts";
import { deepEyesRows } from "../../src/tasks/rows/deepeyes.ts";
import { recipeBudget } from "../../src/tasks/rows/picture_budget.ts";
import type { Row } from "../../src/tasks/rows/row.ts";
import type { SurveySettings } from "../../src/tasks/rows/survey.ts";
import { readBytes } from "./png.ts";

export const dataFiles = ["vstar", "chart", "thinklite"] as const;
export const dataBytes = (name: string) => readBytes(new URL(`../golden/data/${name}`, import.meta.url));

/** A file in memory that counts what is read of it. */
export function counted(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource & { reads: [number, number][] } {
  const reads: [number, number][] = [];
  return {
    name,
    sizeBytes: bytes.length,
    reads,
    read: async (startByte, endByte) => {
      reads.push([startByte, endByte]);
      return bytes.slice(startByte, endByte);
    },
  };
}

export const openRows = async (name: string, bytes?: Uint8Array<ArrayBuffer>) =>
  deepEyesRows(await ParquetTable.open(counted(`${name}.parquet`, bytes ?? (await dataBytes(`${name}.parquet`)))));

export const recipeSettings: SurveySettings = {
  budget: recipeBudget,
  charts: false,
  textOnly: true,
  maxPromptTokens: 8192,
};

/** A row made up: what is asked about these files. */
export const rowOf = (files: Uint8Array[], changes: Partial<Row> = {}): Row => ({
  question: "What?",
  answer: "That",
  dataSource: "vstar",
  envName: "visual_toolbox_v2",
  messages: [{ role: "user", content: `${"<image>".repeat(files.length)}What?` }],
  columns: {},
  pictures: async () => files,
  ...changes,
});
