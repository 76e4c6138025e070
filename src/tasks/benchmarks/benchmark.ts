import type { Box } from "../../image/pixels.ts";
import { Random } from "../random.ts";

/** A multiple-choice question about one picture. */
export interface Question {
  /** Unique in the benchmark, e.g. "vstar/direct_attributes/sa_4690". */
  id: string;
  /** What is summed up together, e.g. "hr_bench_4k". */
  set: string;
  category: string;
  question: string;
  /** The orders in which the file gives its options: one, or for HR-Bench the rotations that stand in rows of their own. */
  given: readonly Order[];
  /** Where the objects asked for stand; empty where they are not marked. */
  targetsSourcePx: readonly Box[];
  /** The picture's file. @throws Error with one sentence where it cannot be had */
  picture(): Promise<Uint8Array>;
}

/** Options as a model sees them. */
export interface Order {
  options: readonly string[];
  /** Index of the right one. */
  right: number;
}

/**
 * circular: every rotation, and right only where all of them are; shuffled: each order random by the seed; as-given:
 * as the file has it, which for V* means that the right one is always A.
 */
export const optionOrders = ["shuffled", "circular", "as-given"] as const;
export type OptionOrder = (typeof optionOrders)[number];

/** A benchmark that can be asked for by name. */
export interface BenchmarkDefinition {
  readonly name: string;
  /** For people, e.g. "V*". */
  readonly label: string;
  /** A data set of the Hub that has it. */
  readonly example: string;
  /** Whether its accuracy is the mean of its categories' rather than that of its questions. */
  readonly meanOfCategories: boolean;
  /**
   * @param files the folder that it lies in; one file by itself is a folder that lists that file alone
   * @throws Error with one sentence where it is not there
   */
  open(files: FolderFiles, limit?: number): Promise<Benchmark>;
}

/** What a file or folder of questions came to. */
export interface Benchmark {
  /** For people, e.g. "V*". */
  name: string;
  questions: readonly Question[];
  /** How many there are in all, where only some were asked for. */
  all: number;
  /** What a person should know of the files, a sentence each. */
  notes: readonly string[];
}

/** Purpose of the random stream that shuffles options (see file_tasks.ts for others). */
const shuffleStream = 9;

/** The orders in which a question is asked. */
export function ordersOf({ id, given }: Pick<Question, "id" | "given">, how: OptionOrder, seed: number): Order[] {
  if (how === "as-given") return [...given];
  if (how === "circular") {
    const [first] = given;
    return first!.options.map((_, by) => rotated(first!, by));
  }
  return given.map((order, index) => shuffled(order, new Random(seed, [shuffleStream, fingerprint(id), index])));
}

function rotated({ options, right }: Order, by: number): Order {
  const count = options.length;
  return { options: options.map((_, i) => options[(i + by) % count]!), right: (right - by + count) % count };
}

function shuffled({ options, right }: Order, random: Random): Order {
  const places = random.shuffled(options.map((_, i) => i));
  return { options: places.map((place) => options[place]!), right: places.indexOf(right) };
}

/** A stream number from a name, so that a question keeps its order whichever others are asked (FNV-1a, 32 bits). */
function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export const letterOf = (index: number): string => String.fromCharCode(65 + index);

/**
 * Some of many, each category as evenly as possible, in their own order: the first of every category, then the second,
 * until there are enough.
 */
export function spread<T>(items: readonly T[], category: (item: T) => string, limit: number): T[] {
  if (limit >= items.length) return [...items];
  const seen = new Map<string, number>();
  const ranked = items.map((item, index) => {
    const rank = seen.get(category(item)) ?? 0;
    seen.set(category(item), rank + 1);
    return { item, index, rank };
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, limit)
    .sort((a, b) => a.index - b.index)
    .map(({ item }) => item);
}

/** Files below one folder, on disk, on the network or dropped into the page. */
export interface FolderFiles {
  /** For people. */
  name: string;
  /** Their paths from the folder; null where they cannot be listed. */
  list(): Promise<string[] | null>;
  /** Null where there is no such file. */
  sizeBytes(path: string): Promise<number | null>;
  read(path: string, startByte?: number, endByte?: number): Promise<Uint8Array<ArrayBuffer>>;
}
