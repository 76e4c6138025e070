import { dataReaders } from "./data_readers.ts";
import { modelReaders } from "./model_readers.ts";
import { mutate } from "./mutations.ts";
import type { FuzzedReader, Sibling } from "./reader.ts";
import { textReaders } from "./text_readers.ts";

export const readers: readonly FuzzedReader[] = [...dataReaders, ...modelReaders, ...textReaders];

/** A file that mutations begin from. */
export interface Seed {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
  sibling: Sibling;
}

/** Larger files are cut down to their first lines, or left out: a case should take a millisecond. */
export const largestSeedBytes = 100_000;

const none: Sibling = async () => null;

/** The seeds of a reader among files of a folder, its own first. */
export function seedsOf(reader: FuzzedReader, files: readonly Seed[]): Seed[] {
  if (reader.make) return [{ path: "made", bytes: new Uint8Array(), sibling: none }];
  const own = (reader.seeds ?? []).map((text, i) => ({
    path: `seed ${i}`,
    bytes: new TextEncoder().encode(text),
    sibling: none,
  }));
  const found = files.filter(({ path }) => reader.takes(path));
  const lines = ({ path, bytes, sibling }: Seed): Seed[] =>
    new TextDecoder()
      .decode(bytes)
      .split("\n")
      .filter((line) => line !== "")
      .map((line, i) => ({ path: `${path}:${i + 1}`, bytes: new TextEncoder().encode(line), sibling }));
  return [...own, ...(reader.byLine ? found.flatMap(lines) : found)];
}

/** Case `index` of a reader: the same bytes for the same seed. Every real file comes first as it is. */
export function caseOf(reader: FuzzedReader, seeds: readonly Seed[], seed: number, index: number): Seed {
  if (reader.make) return { path: "made", bytes: new TextEncoder().encode(reader.make(seed, index)), sibling: none };
  const from = seeds[index % seeds.length]!;
  if (index < seeds.length) return from;
  const other = seeds[(index * 7 + 3) % seeds.length]!;
  return { ...from, bytes: new Uint8Array(mutate(from.bytes, [other.bytes], seed, index)) };
}

/** Runs one case. Returns what is wrong with it, null where it was read or refused in one of the product's sentences. */
export async function runCase(reader: FuzzedReader, { bytes, path, sibling }: Seed): Promise<string | null> {
  for (const call of reader.calls(bytes, path, sibling)) {
    try {
      await call();
    } catch (error) {
      const problem = problemWith(error);
      if (problem !== null) return problem;
    }
  }
  return null;
}

/** Classes of errors that this product throws on purpose. */
const ownErrors = ["Error", "RemoteFailure", "ServerFailure"];

/**
 * Null for an error that this product's own code made on purpose: a sentence for people. How long it may be and which
 * signs of a foreign text are shown is seen to where it is shown.
 */
export function problemWith(error: unknown): string | null {
  if (!(error instanceof Error)) return `something else than an error was thrown: ${String(error).slice(0, 200)}`;
  const { message, stack = "" } = error;
  const kind = error.constructor.name;
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const where = frames
    .slice(0, 3)
    .map((line) => line.trim().replace(/file:\/\/\S*?\/(?=src\/|node_modules\/)/, ""))
    .join(" | ");
  if (!ownErrors.includes(kind)) return `${kind} (${where}): ${message}`;
  if (/node_modules|ext:|node:/.test(frames[0] ?? "")) return `an error of a library (${where}): ${message}`;
  if (message.trim() === "") return `an error without a word (${where})`;
  if (/\bundefined\b|\bNaN\b|\[object /.test(message) && !/found|:/.test(message)) return `no sentence: ${message}`;
  return null;
}
