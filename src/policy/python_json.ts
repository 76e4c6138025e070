/**
 * A value that Python's json module reads: int is a bigint and float a number (so that 1 and 1.0 stay apart), a dict
 * is a Map in the order of its keys.
 */
export type PythonValue = null | boolean | bigint | number | string | PythonValue[] | Map<string, PythonValue>;

/** What `json.loads` raises; the message is Python's, word for word. */
export class JsonDecodeError extends Error {
  override name = "JsonDecodeError";
}

const blank = /[ \t\n\r]/;
const numberPattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const literals: [string, PythonValue][] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];
const escapes: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * `json.loads` of Python 3.11: NaN and Infinity are numbers, of equal keys the last value counts.
 * @throws JsonDecodeError with Python's message, position included
 */
export function loadJson(text: string): PythonValue {
  let at = 0;

  const fail = (message: string, index: number): never => {
    // Python counts code points, not UTF-16 units.
    const before = [...text.slice(0, index)];
    const line = before.filter((letter) => letter === "\n").length + 1;
    const column = before.length - before.lastIndexOf("\n");
    throw new JsonDecodeError(`${message}: line ${line} column ${column} (char ${before.length})`);
  };
  const skip = () => {
    while (at < text.length && blank.test(text.charAt(at))) at++;
  };

  const readString = (): string => {
    const begin = at++;
    let out = "";
    for (;;) {
      const letter = text[at];
      if (letter === undefined) return fail("Unterminated string starting at", begin);
      if (letter === '"') {
        at++;
        return out;
      }
      if (letter < " ") return fail("Invalid control character at", at);
      at++;
      if (letter !== "\\") out += letter;
      else out += readEscape(begin);
    }
  };
  const readEscape = (begin: number): string => {
    const letter = text[at];
    if (letter === undefined) return fail("Unterminated string starting at", begin);
    if (letter !== "u") {
      const meant = escapes[letter];
      if (meant === undefined) return fail("Invalid \\escape", at - 1);
      at++;
      return meant;
    }
    const digits = text.slice(at + 1, at + 5);
    // A string needs at least one more character, its closing quote, behind the four digits.
    if (!/^[0-9a-fA-F]{4}$/.test(digits) || at + 5 >= text.length) return fail("Invalid \\uXXXX escape", at);
    at += 5;
    // Two halves of a pair join by themselves in UTF-16.
    return String.fromCharCode(Number.parseInt(digits, 16));
  };

  const readObject = (): PythonValue => {
    const out = new Map<string, PythonValue>();
    at++;
    skip();
    if (text[at] === "}") {
      at++;
      return out;
    }
    for (;;) {
      if (text[at] !== '"') fail("Expecting property name enclosed in double quotes", at);
      const key = readString();
      skip();
      if (text[at] !== ":") fail("Expecting ':' delimiter", at);
      at++;
      skip();
      out.set(key, readValue());
      skip();
      if (text[at] === "}") break;
      if (text[at] !== ",") fail("Expecting ',' delimiter", at);
      at++;
      skip();
    }
    at++;
    return out;
  };
  const readArray = (): PythonValue => {
    const out: PythonValue[] = [];
    at++;
    skip();
    if (text[at] === "]") {
      at++;
      return out;
    }
    for (;;) {
      out.push(readValue());
      skip();
      if (text[at] === "]") break;
      if (text[at] !== ",") fail("Expecting ',' delimiter", at);
      at++;
      skip();
    }
    at++;
    return out;
  };

  const readValue = (): PythonValue => {
    const letter = text[at];
    if (letter === '"') return readString();
    if (letter === "{") return readObject();
    if (letter === "[") return readArray();
    for (const [word, value] of literals)
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    numberPattern.lastIndex = at;
    const found = numberPattern.exec(text);
    if (!found) return fail("Expecting value", at);
    at += found[0].length;
    return found[1] === undefined && found[2] === undefined ? BigInt(found[0]) : Number(found[0]);
  };

  if (text.startsWith("\uFEFF")) fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
  skip();
  const value = readValue();
  skip();
  if (at !== text.length) fail("Extra data", at);
  return value;
}

/** The same with objects for dicts and numbers for ints. */
export function plainValue(value: PythonValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plainValue(item)]));
  return value;
}

/** A JSON value as Python reads it: whole numbers are ints. A key that is undefined is left out. */
export function pythonValue(value: unknown): PythonValue {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(pythonValue);
  if (typeof value === "object" && value !== null) {
    const given = Object.entries(value).filter(([, item]) => item !== undefined);
    return new Map(given.map(([key, item]) => [key, pythonValue(item)]));
  }
  return value as PythonValue;
}

/** `json.dumps(value, ensure_ascii=False)`, which is also what `tojson` of a chat template writes. */
export function dumpJson(value: PythonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return dumpString(value);
  if (typeof value === "number") {
    if (Number.isNaN(value)) return "NaN";
    return Number.isFinite(value) ? floatText(value) : value > 0 ? "Infinity" : "-Infinity";
  }
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${dumpString(key)}: ${dumpJson(item)}`).join(", ")}}`;
  return String(value);
}

const shortEscapes: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

const dumpString = (text: string): string =>
  `"${text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON must escape
    /["\\\u0000-\u001f]/g,
    (letter) => shortEscapes[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )}"`;

/** `repr` of a float: the shortest digits that give it back, in Python's layout. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(value).toExponential().split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const size = Math.abs(exponent).toString().padStart(2, "0");
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
