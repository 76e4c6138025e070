import { parquetWriteBuffer } from "hyparquet-writer";
import { writePng } from "../../src/image/write_png.ts";
import type { FolderFiles } from "../../src/tasks/benchmarks/benchmark.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A folder in memory, and the paths that were read of it. */
export function folderOf(files: Record<string, Uint8Array<ArrayBuffer>>): FolderFiles & { reads: string[] } {
  const read: string[] = [];
  const names = Object.keys(files);
  return {
    name: "folder",
    reads: read,
    list: async () => (names.length > 0 ? names : null),
    sizeBytes: async (path) => files[path]?.length ?? null,
    read: async (path, startByte = 0, endByte) => {
      read.push(path);
      return files[path]!.slice(startByte, endByte);
    },
  };
}

/** A picture of one colour. */
export const plainPng = (width: number, height: number, grey = 90): Promise<Uint8Array<ArrayBuffer>> =>
  writePng({ width, height, data: new Uint8Array(width * height * 3).fill(grey) });

/** V* as its makers lay it out, made up: `direct` and `relative` questions, the second kind with two options and boxes. */
export async function vstarFiles(direct: number, relative: number): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = { "README.md": encode("# made up") };
  const rows: unknown[] = [];
  const add = async (half: string, i: number, name: string, options: string[], boxes: number[][]) => {
    const question = half === "direct_attributes" ? `What is the colour of ${name}?` : `Where is ${name}?`;
    files[`${half}/sa_${i}.jpg`] = await plainPng(80 + i, 60);
    files[`${half}/sa_${i}.json`] = encode(
      JSON.stringify({ target_object: boxes.map(() => name), bbox: boxes, question, options }),
    );
    const shown = [...options.slice(1), options[0]];
    rows.push({
      image: `${half}/sa_${i}.jpg`,
      text: `${question}\n${shown.map((option, at) => `(${"ABCD"[at]}) ${option}`).join("\n")}\nAnswer with the option's letter from the given choices directly.`,
      category: half,
      question_id: String(rows.length),
      label: "ABCD"[options.length - 1],
    });
  };
  for (let i = 0; i < direct; i++)
    await add("direct_attributes", i, `glove ${i}`, ["red.", "blue.", "green.", "white."], [[10, 20, 30, 10]]);
  for (let i = 0; i < relative; i++) {
    const boxes = [
      [0, 0, 10, 10],
      [40, 40, 20, 20],
    ];
    await add("relative_position", 100 + i, `dog ${i}`, ["on the left", "on the right"], boxes);
  }
  files["test_questions.jsonl"] = encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return files;
}

/** Rows of HR-Bench, made up: each question four times, its options rotated. */
export async function hrBenchRows(questions: number): Promise<Record<string, string | number>[]> {
  const rows: Record<string, string | number>[] = [];
  for (let i = 0; i < questions; i++) {
    const png = await plainPng(64 + i, 64);
    const image = btoa(String.fromCharCode(...png));
    const options = ["one", 'two "and" a half', "three\tor four", `${i} lines`];
    for (let cycle = 0; cycle < 4; cycle++) {
      const turned = options.map((_, at) => options[(at + cycle) % 4]!);
      rows.push({
        index: rows.length,
        question: "How many\nare there?",
        answer: "ABCD"[turned.indexOf("one")]!,
        category: i % 2 === 0 ? "single" : "cross",
        A: turned[0]!,
        B: turned[1]!,
        C: turned[2]!,
        D: turned[3]!,
        cycle_category: `cycle_${cycle}`,
        image,
      });
    }
  }
  return rows;
}

export function hrBenchParquet(rows: readonly Record<string, string | number>[]): Uint8Array<ArrayBuffer> {
  const columnData = Object.keys(rows[0]!).map((name) => ({
    name,
    data: rows.map((row) => row[name]!),
    type: name === "index" ? ("INT32" as const) : ("STRING" as const),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** As pandas writes it. */
export function hrBenchTsv(rows: readonly Record<string, string | number>[], end = "\n"): Uint8Array<ArrayBuffer> {
  const field = (value: string | number) =>
    /["\t\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  const names = Object.keys(rows[0]!);
  const lines = [names.join("\t"), ...rows.map((row) => names.map((name) => field(row[name]!)).join("\t"))];
  return encode(lines.map((line) => line + end).join(""));
}
