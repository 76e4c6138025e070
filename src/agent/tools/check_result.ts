import { maxPixels } from "../../image/decoded.ts";
import { originOf } from "../../image/derived.ts";
import type { Pixels } from "../../image/pixels.ts";
import { largestAspect } from "../../image/smart_resize.ts";
import { foundText, isObject, isPlain } from "./plain_data.ts";
import { type CallRecord, callFaults, type Tool, type ToolResult } from "./tool.ts";

/** A result in which nothing is left open. */
export interface CheckedResult {
  outcome: string;
  text: string;
  caption: string;
  record: CallRecord;
}

/**
 * What a tool's `call` gave, with defaults; its picture is checked where it is used.
 * @throws Error with one sentence about the first thing that no tool may give
 */
export function checkedResult(tool: Tool, result: ToolResult): CheckedResult {
  if (typeof result !== "object" || result === null)
    throw new Error(`it gave ${foundText(result)} instead of a result`);
  const { outcome = "ok", text = "", caption = "", record = {} } = result;
  expectText("outcome", outcome);
  expectText("text", text);
  expectText("caption", caption);
  if (outcome !== "ok") {
    const known = Object.keys({ ...callFaults, ...tool.outcomes });
    if (!known.includes(outcome)) throw new Error(`its outcome must be ok, ${known.join(", ")}, found ${outcome}`);
    if (text === "") throw new Error(`a call with the outcome ${outcome} needs a text for the model`);
  }
  expectRecord(record);
  return { outcome, text, caption, record };
}

function expectText(key: string, value: unknown): void {
  if (typeof value !== "string") throw new Error(`its ${key} must be text, found ${foundText(value)}`);
}

/** Also of an array with holes, which `every` would pass over. */
function numbers(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) if (!Number.isFinite(value[i])) return false;
  return true;
}
const box = (value: unknown): boolean => numbers(value) && (value as number[]).length === 4;

/** What logs keep of a call, as their reader takes it. */
const fields: Record<keyof CallRecord, [fits: (value: unknown) => boolean, expected: string]> = {
  boxWritten: [numbers, "a list of numbers"],
  boxSourcePx: [box, "four numbers"],
  boxShownPx: [box, "four numbers"],
  rotateDegrees: [Number.isFinite, "a number"],
  imageIndex: [(value) => Number.isInteger(value) && (value as number) >= 0, "a whole number of at least 0"],
  label: [(value) => typeof value === "string", "text"],
  iou: [Number.isFinite, "a number"],
  details: [isObject, "an object"],
};

/** @throws Error where a log could not give back what stands in it */
function expectRecord(record: CallRecord): void {
  if (!isObject(record)) throw new Error(`its record must be an object, found ${foundText(record)}`);
  for (const key of Object.keys(record)) {
    const value = record[key as keyof CallRecord];
    if (!Object.hasOwn(fields, key))
      throw new Error(`record.${key} is no field of a log; put what is the tool's own into record.details`);
    const [fits, expected] = fields[key as keyof CallRecord];
    if (value !== undefined && !fits(value))
      throw new Error(`record.${key} must be ${expected}, found ${foundText(value)}`);
  }
  if (record.details === undefined) return;
  const bad = Object.entries(record.details).find(([, value]) => value !== undefined && !isPlain(value));
  if (bad) throw new Error(`record.details.${bad[0]} must be plain data, as JSON has it, found ${foundText(bad[1])}`);
}

/** A tool's picture, and nothing beside its pixels. @throws Error where it is none, or none that a model can look at */
export function checkedPicture(picture: Pixels): Pixels {
  const { width, height } = picture;
  const isWhole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  // The bytes of a derived picture are not read, which would have them made.
  const isRgb = () => picture.data instanceof Uint8Array && picture.data.length === width * height * 3;
  if (!originOf(picture) && !(isWhole && isRgb()))
    throw new Error(
      `its picture must have width × height × 3 bytes of RGB, found ${width} × ${height} and ${picture.data?.length ?? "no"} bytes`,
    );
  if (Math.max(width, height) > largestAspect * Math.min(width, height))
    throw new Error(
      `its picture's longer side may be at most ${largestAspect} times its shorter one, found ${width} × ${height}`,
    );
  if (width * height > maxPixels)
    throw new Error(`its picture may have at most ${maxPixels} pixels, found ${width} × ${height}`);
  // Pictures travel between threads, which takes no functions.
  return Object.keys(picture).length === 3 ? picture : { width, height, data: picture.data };
}
