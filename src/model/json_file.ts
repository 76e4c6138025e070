/**
 * JSON of a model's folder as Python reads and writes it: NaN, Infinity and -Infinity are numbers.
 * Source: docs.python.org/3/library/json.html#infinite-and-nan-number-values.
 */

import type { CheckpointFiles } from "./checkpoint_files.ts";

export type Json = Record<string, unknown>;

/** Deeper than any file of a model, and shallow enough for recursion. */
const maxDepth = 100;

/**
 * The value of a text. Nested no deeper than 100.
 * @param file   how errors name it
 * @param advice  how errors end
 * @throws Error where it is not JSON
 */
export function parseJson(text: string, file: string, advice = "is the download complete?"): unknown {
  const found = scan(text, file);
  let standard = text;
  let revive: ((key: string, value: unknown) => unknown) | undefined;
  if (found.length > 0) {
    // JSON has no NaN: a string stands for it that the text does not contain.
    let standIn = "not a number";
    while (text.includes(standIn)) standIn += "'";
    standard = "";
    let from = 0;
    for (const at of found) {
      const isNone = text[at] === "N";
      // Too large for a double, so that it reads as infinity.
      standard += text.slice(from, at) + (isNone ? `"${standIn}"` : "1e999");
      from = at + (isNone ? 3 : 8);
    }
    standard += text.slice(from);
    revive = (_, value) => (value === standIn ? Number.NaN : value);
  }
  try {
    return JSON.parse(standard, revive);
  } catch (error) {
    throw new Error(`${file} is not valid JSON (${(error as Error).message.slice(0, 200)}); ${advice}`);
  }
}

/** Where NaN and Infinity are outside of strings. @throws Error where the text is nested too deep */
function scan(text: string, file: string): number[] {
  const found: number[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > maxDepth) throw new Error(`${file}: expected values nested at most ${maxDepth} deep, found more`);
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case 0x4e:
        if (text.startsWith("NaN", at)) found.push(at);
        break;
      case 0x49:
        if (text.startsWith("Infinity", at)) found.push(at);
    }
  }
  return found;
}

/** The index of the quotation mark that ends a string. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

/** Larger than any JSON file of a model but its tokenizer and its index. */
const maxFileBytes = 16 * 2 ** 20;

/** A JSON object in a file of a model's folder. @throws Error where it is missing or no JSON object */
export async function readJson(files: CheckpointFiles, name: string): Promise<Json> {
  const sizeBytes = await files.sizeBytes(name);
  if (sizeBytes === null) throw new Error(`${name} is missing from the model's folder`);
  if (sizeBytes > maxFileBytes)
    throw new Error(`${name}: expected at most ${maxFileBytes} bytes, found ${sizeBytes}; this is another file`);
  return jsonObject(parseJson(new TextDecoder().decode(await files.read(name)), name), name);
}

/** A value as the text of a file, with NaN and Infinity in Python's spelling. */
export function formatJson(value: unknown, indent = 2): string {
  const mark = (one: unknown) => `\u0000${one}\u0000`;
  const text = JSON.stringify(
    value,
    (_, one) => (typeof one === "number" && !Number.isFinite(one) ? mark(one) : one),
    indent,
  );
  return text.replaceAll(/"\\u0000(NaN|-?Infinity)\\u0000"/g, "$1");
}

/** The beginning of a value, for a sentence. */
export function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = formatJson(beginningOf(value, 4), 0);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** As much of a value as a sentence needs, so that a large one costs nothing. */
function beginningOf(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.slice(0, 100);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "...";
  if (Array.isArray(value)) return value.slice(0, 50).map((one) => beginningOf(one, depth - 1));
  const entries: [string, unknown][] = [];
  for (const key in value) {
    if (entries.push([key.slice(0, 100), beginningOf((value as Json)[key], depth - 1)]) === 20) break;
  }
  return Object.fromEntries(entries);
}

/** A JSON object. @throws Error where it is another value */
export function jsonObject(value: unknown, file: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new Error(`${file} is not a JSON object; is the download complete?`);
}

/** @param name how errors name it, the file included. @throws Error where it is not a number from `least` to `most` */
export function numberWithin(value: unknown, name: string, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new Error(`${name} must be a number from ${least} to ${most}, found ${excerpt(value)}`);
}

/**
 * A count or an index as a file has it.
 * @param name how errors name it, the file included
 * @throws Error with the bounds where it is not a whole number within them
 */
export function wholeNumber(value: unknown, name: string, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const what = typeof value === "number" ? "a whole number" : "a number";
  throw new Error(`${name} must be ${what} from ${least} to ${most}, found ${excerpt(value)}`);
}
