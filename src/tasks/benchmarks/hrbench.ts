import { kindOfFile } from "../../image/kind_of_file.ts";
import type { ByteSource } from "../byte_source.ts";
import { ParquetTable } from "../parquet/table.ts";
import { fromBase64 } from "../rows/base64_picture.ts";
import { textOf } from "../rows/text_encoding.ts";
import { expectNoControlToken } from "../rows/texts.ts";
import { largeField, tsvRows } from "../rows/tsv.ts";
import {
  type Benchmark,
  type BenchmarkDefinition,
  type FolderFiles,
  letterOf,
  type Order,
  type Question,
  spread,
} from "./benchmark.ts";

/** The picture, in base64. */
const pictureColumn = "image";
/** Of each resolution; half of them about one object, half about several. */
const expectedRows = 800;

/** A row without its picture. */
interface Row {
  index: string;
  question: string;
  category: string;
  cycle: string;
  order: Order;
  picture(): Promise<Uint8Array>;
}

export const hrBench: BenchmarkDefinition = {
  name: "hrbench",
  label: "HR-Bench",
  example: "DreamMr/HR-Bench@main",
  meanOfCategories: true,
  open: openHrBench,
};

/**
 * HR-Bench (DreamMr/HR-Bench): files hr_bench_4k and hr_bench_8k, parquet or TSV, with the columns index, question,
 * answer (a letter), A to D, category ("single", "cross"), cycle_category and image (base64). The rows of a question
 * that differ in cycle_category are rotations of its options; they are one question here.
 * @throws Error with one sentence
 */
async function openHrBench(files: FolderFiles, limit = Number.POSITIVE_INFINITY): Promise<Benchmark> {
  const paths = await files.list();
  const parts = partsOf(paths ?? []);
  if (parts.length === 0)
    throw new Error(
      `Expected HR-Bench in ${files.name}: hr_bench_4k or hr_bench_8k as .parquet or .tsv; found ${paths === null ? "no such folder" : "neither"}`,
    );
  const questions: Question[] = [];
  const notes: string[] = [];
  for (const { set, paths: shards } of parts) {
    const rows: Row[] = [];
    for (const path of shards) rows.push(...(await rowsIn(path, files)));
    if (rows.length !== expectedRows) notes.push(`HR-Bench has ${expectedRows} rows in ${set}, found ${rows.length}`);
    questions.push(...grouped(rows, set));
  }
  return {
    name: hrBench.label,
    questions: spread(questions, ({ set, category }) => `${set}/${category}`, limit),
    all: questions.length,
    notes,
  };
}

/** The files of each resolution: parquet where there is one, in as many shards as it has, else TSV. */
function partsOf(paths: readonly string[]): { set: string; paths: string[] }[] {
  return ["4k", "8k"].flatMap((resolution) => {
    const ours = paths.filter((path) => new RegExp(`hr_?bench_?${resolution}[^/]*\\.(parquet|tsv)$`, "i").test(path));
    const parquet = ours.filter((path) => /\.parquet$/i.test(path));
    const chosen = parquet.length > 0 ? parquet : ours;
    if (chosen.length === 0) return [];
    // The same rows may lie in several folders, as one file and as shards.
    const folder = chosen.map((path) => path.split("/").slice(0, -1).join("/")).sort((a, b) => a.length - b.length)[0]!;
    const together = chosen.filter((path) => path.split("/").slice(0, -1).join("/") === folder).sort();
    return [{ set: `hr_bench_${resolution}`, paths: together }];
  });
}

async function rowsIn(path: string, files: FolderFiles): Promise<Row[]> {
  const sizeBytes = await files.sizeBytes(path);
  const name = path.split("/").at(-1)!;
  if (sizeBytes === null) throw new Error(`Expected a file ${path} in ${files.name}, found none`);
  const source: ByteSource = {
    name,
    sizeBytes,
    read: async (startByte, endByte) => {
      const bytes = await files.read(path, startByte, endByte);
      if (bytes.length !== endByte - startByte) throw new Error(`${name} became shorter while it was read`);
      return bytes;
    },
  };
  if (/\.tsv$/i.test(path)) {
    const rows = await tsvRows(source, [pictureColumn]);
    return rows.map(({ fields, places }, i) => {
      const place = places[pictureColumn];
      return rowOf(fields, `${name}, row ${i}`, async () => {
        if (!place) throw new Error(`${name}: expected a column ${pictureColumn}, found none`);
        return fromBase64(await largeField(source, place), `${name}, row ${i}`);
      });
    });
  }
  const table = await ParquetTable.open(source, [pictureColumn]);
  const rows: Row[] = [];
  for (let i = 0; i < table.rows; i++) {
    const where = `${name}, row ${i}`;
    rows.push(
      rowOf(await table.row(i), where, async () => {
        const [bytes] = await table.blobs(pictureColumn, i);
        if (!bytes) throw new Error(`${where}: expected a picture in the column ${pictureColumn}, found none`);
        return isPicture(bytes) ? bytes : fromBase64(textOf(bytes, where), where);
      }),
    );
  }
  return rows;
}

function rowOf(columns: Record<string, unknown>, where: string, picture: Row["picture"]): Row {
  const text = (name: string): string => {
    const value = columns[name];
    if (typeof value !== "string" && typeof value !== "number")
      throw new Error(
        `${where}: expected the columns question, answer, A to D and category of HR-Bench, found no ${name} among ${Object.keys(columns).join(", ")}`,
      );
    return String(value);
  };
  const options: string[] = [];
  for (let i = 0; i < 26; i++) {
    const option = columns[letterOf(i)];
    if (option === undefined || option === null || option === "") break;
    options.push(String(option));
  }
  const right = text("answer").trim().charCodeAt(0) - 65;
  if (options.length < 2 || !(right >= 0 && right < options.length))
    throw new Error(
      `${where}: expected as answer the letter of one of its ${options.length} options, found ${JSON.stringify(columns.answer)}`,
    );
  expectNoControlToken([text("question"), ...options], where);
  return {
    index: String(columns.index ?? where.replace(/^.* /, "")),
    question: text("question"),
    category: text("category"),
    cycle: String(columns.cycle_category ?? ""),
    order: { options, right },
    picture,
  };
}

/**
 * Rows as questions: those with the same text, category and options are rotations of one, as far as their cycles
 * differ; the second row of a cycle belongs to another question, which happens to have the same text.
 */
function grouped(rows: readonly Row[], set: string): Question[] {
  const alike = new Map<string, Row[][]>();
  const questions: Row[][] = [];
  for (const row of rows) {
    const key = JSON.stringify([row.category, row.question, [...row.order.options].sort()]);
    const groups = alike.get(key) ?? [];
    alike.set(key, groups);
    const free = groups.find((group) => row.cycle !== "" && group.every(({ cycle }) => cycle !== row.cycle));
    if (free) free.push(row);
    else {
      const group = [row];
      groups.push(group);
      questions.push(group);
    }
  }
  return questions.map((group) => ({
    id: `${set}/${group[0]!.category}/${group[0]!.index}`,
    set,
    category: group[0]!.category,
    question: group[0]!.question,
    given: group.map(({ order }) => order),
    targetsSourcePx: [],
    picture: group[0]!.picture,
  }));
}

function isPicture(bytes: Uint8Array): boolean {
  try {
    kindOfFile(bytes);
    return true;
  } catch {
    return false;
  }
}
