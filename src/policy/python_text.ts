import { floatText, type PythonValue } from "./python_json.ts";

const wideSpace = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** What Python calls white space in a str, for a class of a regular expression. */
export const pythonSpace = `${wideSpace}\\x1c-\\x1f`;

const edges = new RegExp(`^[${pythonSpace}]+|[${pythonSpace}]+$`, "g");

/** `str.strip()`. */
export const strip = (text: string): string => text.replace(edges, "");

/** `len(str)`: code points. */
export const length = (text: string): number => [...text].length;

/** `str.count` of a text that does not overlap itself. */
export const count = (text: string, part: string): number => text.split(part).length - 1;

/** What stands behind the last `part`; the whole text where there is none: `text.split(part)[-1]`. */
export const afterLast = (text: string, part: string): string => text.split(part).at(-1) ?? text;

/** Name of a value's type, as error messages say it. */
export function typeName(value: PythonValue): string {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "dict";
  return { boolean: "bool", bigint: "int", number: "float", string: "str" }[typeof value as "bigint"];
}

/** `bool(value)`. */
export function isTruthy(value: PythonValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  // NaN is true.
  return typeof value === "number" ? value !== 0 : Boolean(value);
}

/** `value[key]`. @throws Error with Python's message */
export function item(value: PythonValue, key: string): PythonValue {
  if (value instanceof Map) {
    const found = value.get(key);
    if (found === undefined) throw new Error(`'${key}'`);
    return found;
  }
  if (typeof value === "string") throw new Error("string indices must be integers, not 'str'");
  if (Array.isArray(value)) throw new Error("list indices must be integers or slices, not str");
  throw new Error(`'${typeName(value)}' object is not subscriptable`);
}

/** `str(value)`: a text as it is, anything else as `repr`. */
export const str = (value: PythonValue): string => (typeof value === "string" ? value : repr(value));

export function repr(value: PythonValue): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return floatText(value);
  if (typeof value === "string") return reprText(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${reprText(key)}: ${repr(item)}`).join(", ")}}`;
  return value.toString();
}

const escapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    if (letter === quote) out += `\\${letter}`;
    else if (escapes[letter]) out += escapes[letter];
    else if (letter === " " || !/[\p{C}\p{Z}]/u.test(letter)) out += letter;
    else if (code < 0x100) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return out + quote;
}

/** float() leaves the four separators \x1c to \x1f where they are. */
const floatEdges = new RegExp(`^[${wideSpace}]+|[${wideSpace}]+$`, "g");

const digits = "[0-9](?:_?[0-9])*";
const floatPattern = new RegExp(
  `^[+-]?(?:(?:${digits})(?:\\.(?:${digits})?)?|\\.(?:${digits}))(?:[eE][+-]?(?:${digits}))?$`,
);

/**
 * `float(value)`: takes numbers, booleans and texts with blanks, exponents, underscores, digits of any script, inf and
 * nan.
 * @throws Error with Python's message
 */
export function toFloat(value: PythonValue): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") {
    const float = Number(value);
    if (!Number.isFinite(float)) throw new Error("int too large to convert to float");
    return float;
  }
  if (typeof value !== "string")
    throw new Error(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  const text = asciiDigits(value).replace(floatEdges, "");
  const special = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(text);
  if (special) {
    if (!special[2]) return Number.NaN;
    return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!floatPattern.test(text)) throw new Error(`could not convert string to float: ${reprText(value)}`);
  return Number(text.replaceAll("_", ""));
}

/** Decimal digits of every script as 0 to 9: each script's ten stand in a row, in order. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let first = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
    return String((code - first) % 10);
  });
}

/** `round(x)`: halves go to the even neighbour. */
export function round(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** `max(a, b)` and `min(a, b)`: the first counts unless the second beats it, so a NaN in second place is passed over. */
// biome-ignore lint/complexity/useMathMinMax: Math.max would hand a NaN on
export const max = (a: number, b: number): number => (b > a ? b : a);
// biome-ignore lint/complexity/useMathMinMax: as above
export const min = (a: number, b: number): number => (b < a ? b : a);
