import type { Box } from "../../image/pixels.ts";
import { jsonObjectOf } from "../rows/json_check.ts";
import { textOf, utf8Of } from "../rows/text_encoding.ts";
import { expectNoControlToken } from "../rows/texts.ts";
import {
  type Benchmark,
  type BenchmarkDefinition,
  type FolderFiles,
  type Order,
  type Question,
  spread,
} from "./benchmark.ts";

/** V*'s two halves, which are folders too, and how many questions each has. */
const halves: Record<string, number> = { direct_attributes: 115, relative_position: 76 };

const list = "test_questions.jsonl";
const pictureFile = /\.(jpe?g|png|webp)$/i;
const set = "vstar";
/** Annotations that are read at once; on a network each is a request. */
const together = 8;

export const vstar: BenchmarkDefinition = {
  name: set,
  label: "V*",
  example: "craigwu/vstar_bench@main",
  meanOfCategories: false,
  open: openVstar,
};

/**
 * V* (craigwu/vstar_bench). Where each picture has a JSON file beside it, these are read, since they alone mark the
 * objects: `question`, `options` (the right one first), `target_object` and `bbox` (a list of [left, top, width,
 * height]). Else test_questions.jsonl: `image`, `text` (question and options in one, shuffled by its makers), `label`,
 * `category`, `question_id`.
 * @throws Error with one sentence where neither is there
 */
async function openVstar(files: FolderFiles, limit = Number.POSITIVE_INFINITY): Promise<Benchmark> {
  const paths = await files.list();
  const pictures = (paths ?? []).filter((path) => pictureFile.test(path) && halfOf(path) !== null);
  const annotated = pictures.filter((path) => paths!.includes(annotationOf(path)));
  if (annotated.length > 0) {
    const lacking = pictures.find((path) => !annotated.includes(path));
    if (lacking !== undefined)
      throw new Error(
        `${files.name}: expected ${annotationOf(lacking)} beside ${lacking}, found no such file; download it again`,
      );
    const chosen = spread(annotated.sort(), (path) => halfOf(path)!, limit);
    const questions: Question[] = [];
    for (let first = 0; first < chosen.length; first += together)
      questions.push(
        ...(await Promise.all(chosen.slice(first, first + together).map((path) => annotatedQuestion(path, files)))),
      );
    return {
      name: vstar.label,
      questions,
      all: annotated.length,
      notes: countNotes(annotated.map((path) => halfOf(path)!)),
    };
  }
  if ((await files.sizeBytes(list)) === null)
    throw new Error(
      `Expected V* in ${files.name}: the folders ${Object.keys(halves).join(" and ")} with pictures and a JSON file beside each, or ${list}; found ${paths === null ? "no such folder" : "neither"}`,
    );
  const written = utf8Of(await files.read(list), `${files.name}/${list}`);
  const rows = listedRows(textOf(written, `${files.name}/${list}`), files.name);
  const chosen = spread(rows, ({ category }) => category, limit);
  return {
    name: vstar.label,
    questions: chosen.map((row) => listedQuestion(row, files)),
    all: rows.length,
    notes: [
      `Read from ${list}, which marks no objects: IoU is not known, and the options stand as its makers shuffled them`,
      ...countNotes(rows.map(({ category }) => category)),
    ],
  };
}

/** The half that a file belongs to, null where to none (the data set holds other folders too). */
function halfOf(path: string): string | null {
  const [folder, ...rest] = path.split("/");
  return rest.length === 1 && Object.hasOwn(halves, folder!) ? folder! : null;
}

const withoutEnding = (path: string): string => path.replace(/\.\w+$/, "");
const annotationOf = (picture: string): string => `${withoutEnding(picture)}.json`;

function countNotes(categories: readonly string[]): string[] {
  return Object.entries(halves).flatMap(([half, expected]) => {
    const found = categories.filter((category) => category === half).length;
    return found === expected ? [] : [`V* has ${expected} questions of ${half}, found ${found}`];
  });
}

async function annotatedQuestion(path: string, files: FolderFiles): Promise<Question> {
  const where = `${files.name}/${annotationOf(path)}`;
  const read = jsonObjectOf(textOf(utf8Of(await files.read(annotationOf(path)), where), where), where);
  const { question, options, bbox = [] } = read;
  if (typeof question !== "string") throw new Error(`${where}: expected a question, found ${quoted(question)}`);
  if (
    !Array.isArray(options) ||
    options.length < 2 ||
    options.length > 26 ||
    !options.every((option) => typeof option === "string")
  )
    throw new Error(`${where}: expected options, 2 or more texts, found ${quoted(options)}`);
  expectNoControlToken([question, ...options], where);
  return {
    id: `${set}/${withoutEnding(path)}`,
    set,
    category: halfOf(path)!,
    question,
    given: [{ options, right: 0 }],
    targetsSourcePx: boxesOf(bbox, where),
    picture: () => files.read(path),
  };
}

/** Boxes of left, top, width and height; one alone or a list of them. */
function boxesOf(value: unknown, where: string): Box[] {
  const all = Array.isArray(value) && typeof value[0] === "number" ? [value] : value;
  const isBox = (box: unknown): box is [number, number, number, number] =>
    Array.isArray(box) && box.length === 4 && box.every((edge) => typeof edge === "number" && Number.isFinite(edge));
  if (!Array.isArray(all) || !all.every(isBox))
    throw new Error(`${where}: expected bbox as a list of [left, top, width, height], found ${quoted(value)}`);
  return all.map(([left, top, width, height]) => [left, top, left + width, top + height]);
}

interface ListedRow {
  id: string;
  image: string;
  category: string;
  question: string;
  order: Order;
}

function listedRows(text: string, folder: string): ListedRow[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const where = `${folder}/${list}, line ${index + 1}`;
    const row = jsonObjectOf(line, where);
    const [image, written, category, label] = ["image", "text", "category", "label"].map((name) => {
      const value = row[name];
      if (typeof value !== "string") throw new Error(`${where}: expected ${name} as text, found ${quoted(value)}`);
      return value;
    }) as [string, string, string, string];
    if (image.startsWith("/") || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(image) || image.split(/[/\\]/).includes(".."))
      throw new Error(`${where}: expected the path of a picture inside the folder, found ${quoted(image)}`);
    const { question, options } = optionsIn(written);
    const right = label.trim().toUpperCase().charCodeAt(0) - 65;
    if (options.length < 2 || !(right >= 0 && right < options.length))
      throw new Error(
        `${where}: expected a text with options (A), (B) and so on, and the letter of one as label; found ${options.length} options and the label ${quoted(label)}`,
      );
    expectNoControlToken([question, ...options], where);
    return [{ id: String(row.question_id ?? index), image, category, question, order: { options, right } }];
  });
}

/** A question and its options, each on a line of its own: "(A) rubber". A line behind them says how to answer. */
function optionsIn(text: string): { question: string; options: string[] } {
  const lines = text.split("\n");
  const option = (line: string) => /^\s*\(([A-Z])\)\s*(.*?)\s*$/.exec(line);
  const first = lines.findIndex((line) => option(line));
  if (first < 0) return { question: text, options: [] };
  const options: string[] = [];
  for (const line of lines.slice(first)) {
    const match = option(line);
    if (match?.[1] !== String.fromCharCode(65 + options.length)) break;
    options.push(match[2]!);
  }
  return { question: lines.slice(0, first).join("\n").trim(), options };
}

const listedQuestion = ({ id, image, category, question, order }: ListedRow, files: FolderFiles): Question => ({
  id: `${set}/${category}/${id}`,
  set,
  category,
  question,
  given: [order],
  targetsSourcePx: [],
  picture: async () => {
    if ((await files.sizeBytes(image)) === null)
      throw new Error(`Expected the picture ${image} beside ${list} in ${files.name}, found no such file`);
    return files.read(image);
  },
});

const quoted = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 60);
