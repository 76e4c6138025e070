import { convert, decode } from "../../image/decode.ts";
import { pictureHeader } from "../../image/picture_header.ts";
import { hrBench } from "../../tasks/benchmarks/hrbench.ts";
import { vstar } from "../../tasks/benchmarks/vstar.ts";
import { blobBytes } from "../../tasks/byte_source.ts";
import { ParquetTable } from "../../tasks/parquet/table.ts";
import { deepEyesRows } from "../../tasks/rows/deepeyes.ts";
import { folderRows } from "../../tasks/rows/folder.ts";
import { recipeBudget } from "../../tasks/rows/picture_budget.ts";
import type { RowSource } from "../../tasks/rows/row.ts";
import { survey } from "../../tasks/rows/survey.ts";
import { tsvRows } from "../../tasks/rows/tsv.ts";
import { comparePlain } from "./plain_pictures.ts";
import { type FuzzedReader, rowsRead } from "./reader.ts";

const settings = { budget: recipeBudget, charts: true, textOnly: true, maxPromptTokens: 8192 };

/** @param decoded of the rows whose pictures are decoded; of the others their headers are read */
async function readRows(source: RowSource, decoded = rowsRead): Promise<void> {
  let problem: Error | null = null;
  for (let i = 0; i < Math.min(source.rows, rowsRead); i++) {
    try {
      await survey(await source.row(i), settings, { headersOnly: i >= decoded });
    } catch (error) {
      // A row that cannot be read costs that row alone.
      problem ??= error as Error;
    }
  }
  if (problem) throw problem;
}

const noPicture = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
  throw new Error(`Expected a picture ${path}, found no such file`);
};

const onePath = (path: string, bytes: Uint8Array<ArrayBuffer>) => ({
  name: "folder",
  list: async () => [path],
  sizeBytes: async (name: string) => (name === path ? bytes.length : null),
  read: async (name: string, startByte = 0, endByte = bytes.length) =>
    name === path ? bytes.slice(startByte, endByte) : noPicture(name),
});

const rowsOf = {
  jsonl: [
    '{"image": "a.png", "question": "Which digit?", "answer": "4", "bbox": [1, 2, 30, 40], "data_source": "vstar"}',
    '{"images": ["a.png", "b.png"], "question": "<image><image> Which?", "answer": ["4", 5], "env_name": null}',
  ].join("\n"),
  csv: 'image,question,answer,bbox\na.png,"Which ""digit""?",4,"[1, 2, 30, 40]"\nb.png,Which?,5,\n',
  tsv: "index\tquestion\tanswer\tA\tB\tC\tD\tcategory\tcycle_category\timage\n0\tWhich?\tB\ta\tb\tc\td\tsingle\t0\taGVsbG8=\n",
  vstar:
    '{"image": "direct_attributes/a.jpg", "text": "What colour?\\n(A) red\\n(B) blue", "label": "A", "category": "direct_attributes", "question_id": 0}',
};

export const dataReaders: readonly FuzzedReader[] = [
  {
    name: "pictures",
    takes: (path) => /\.(png|jpe?g|webp|bmp)$/i.test(path),
    calls: (bytes) => [() => pictureHeader(bytes), async () => convert(await decode(bytes), "upright")],
  },
  {
    name: "pictures for a browser",
    takes: (path) => /\.(png|jpe?g|webp)$/i.test(path),
    calls: (bytes) => [() => comparePlain(bytes)],
  },
  {
    name: "parquet",
    takes: (path) => /\.parquet$/.test(path),
    calls: (bytes) => {
      const source = () => blobBytes("rows.parquet", new Blob([bytes]));
      return [
        // Decoding is most of the time, and pictures have cases of their own.
        async () => readRows(deepEyesRows(await ParquetTable.open(source())), 1),
        () => hrBench.open(onePath("hr_bench_4k.parquet", bytes)),
      ];
    },
  },
  {
    name: "rows",
    takes: (path) => /faults\/[^/]+\/[^/]+\.(jsonl|csv)$/.test(path),
    seeds: [rowsOf.jsonl, rowsOf.csv],
    calls: (bytes) => ["rows.jsonl", "rows.csv"].map((name) => () => readRows(folderRows({ name, bytes }, noPicture))),
  },
  {
    name: "benchmarks",
    takes: () => false,
    seeds: [rowsOf.tsv, rowsOf.vstar],
    calls: (bytes) => [
      () => tsvRows(blobBytes("rows.tsv", new Blob([bytes])), ["image"]),
      () => hrBench.open(onePath("hr_bench_4k.tsv", bytes)),
      () => vstar.open(onePath("test_questions.jsonl", bytes)),
    ],
  },
];
