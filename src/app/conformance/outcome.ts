import { parseJson } from "../../model/json_file.ts";

/** One comparison of ours with a reference. */
export interface Outcome {
  /** What is compared; outcomes of one quantity are summed up in one line. */
  quantity: string;
  /** Which case of it. */
  name: string;
  passed: boolean;
  /** Nothing was compared: this version does not know the suite. Counted apart, and no failure. */
  skipped?: boolean;
  /** What differs, or why it was skipped; empty where it passed. */
  detail: string;
  /** Largest difference found, where the quantity is a number. */
  error?: number;
  tolerance?: number;
}

/** Reads a file beside the cases by its name, or rejects. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** NaN and infinities as Python writes them, which are not JSON. */
function parseLine<T>(line: string): T {
  return (/NaN|Infinity/.test(line) ? parseJson(line, "a line") : JSON.parse(line)) as T;
}

/** The objects of a JSON Lines file. @throws Error that names the line */
export function jsonLines<T>(bytes: Uint8Array, file: string, parse: (line: string) => T = parseLine): T[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [parse(line)];
    } catch (error) {
      throw new Error(`${file}, line ${index + 1}: expected JSON, found ${(error as Error).message}`);
    }
  });
}

/** Short enough for a terminal, and on one line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 240 ? `${text.slice(0, 237)}...` : text;
}

/** Passed where both are the same JSON; keys in any order. */
export function same(quantity: string, name: string, got: unknown, want: unknown): Outcome {
  const passed = canonical(got) === canonical(want);
  return { quantity, name, passed, detail: passed ? "" : `expected ${shown(want)}, found ${shown(got)}` };
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, item) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** Passed where no number is further off than the tolerance, relative where the wanted one is above 1. */
export function close(
  quantity: string,
  name: string,
  { got, want, tolerance }: { got: readonly number[]; want: readonly number[]; tolerance: number },
): Outcome {
  const error =
    got.length === want.length
      ? Math.max(0, ...want.map((w, i) => Math.abs(got[i]! - w) / Math.max(1, Math.abs(w))))
      : Number.NaN;
  const passed = error <= tolerance;
  return {
    quantity,
    name,
    passed,
    error,
    tolerance,
    detail: passed ? "" : `expected ${shown(want)}, found ${shown(got)}`,
  };
}

/** Counts outcomes, and says what they came to. */
export class Tally {
  readonly #quantities = new Map<string, { passed: number; all: number; error: number; tolerance?: number }>();
  readonly #skipped = new Map<string, { detail: string; all: number }>();
  passed = 0;
  failed = 0;
  skipped = 0;

  /** The line for a failure, null where it passed or was skipped. */
  add({ quantity, name, passed, skipped, detail, error, tolerance }: Outcome): string | null {
    if (skipped) {
      this.#skipped.set(quantity, { detail, all: (this.#skipped.get(quantity)?.all ?? 0) + 1 });
      this.skipped++;
      return null;
    }
    const sum = this.#quantities.get(quantity) ?? { passed: 0, all: 0, error: 0, tolerance };
    this.#quantities.set(quantity, sum);
    sum.all++;
    if (error !== undefined) sum.error = Number.isNaN(error) || error > sum.error ? error : sum.error;
    if (passed) {
      sum.passed++;
      this.passed++;
      return null;
    }
    this.failed++;
    return `  FAIL  ${quantity}: ${name}: ${detail}`;
  }

  /** A line per quantity, then the count of all. */
  lines(): string[] {
    const width = Math.max(0, ...[...this.#quantities.keys(), ...this.#skipped.keys()].map((name) => name.length));
    const quantities = [...this.#quantities].map(([name, { passed, all, error, tolerance }]) => {
      const worst = tolerance === undefined ? "" : `  worst ${Number(error.toPrecision(2))}, allowed ${tolerance}`;
      return `  ${passed === all ? "ok  " : "FAIL"}  ${name.padEnd(width)}  ${passed} of ${all}${worst}`;
    });
    const skipped = [...this.#skipped].map(
      ([name, { detail, all }]) => `  skip  ${name.padEnd(width)}  ${all}: ${detail}`,
    );
    const sum = `${this.passed} passed, ${this.failed} failed`;
    return [...quantities, ...skipped, this.skipped > 0 ? `${sum}, ${this.skipped} skipped` : sum];
  }
}
