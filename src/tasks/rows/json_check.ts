/** Nothing in a row of tasks is nested deeper. */
const deepest = 64;
/** Keys of all objects of a row together. */
const mostKeys = 10_000;

/** The object that a text in JSON says; Python's NaN for a value that is missing is null. @throws Error with one sentence where it is none, or says a thing twice */
export function jsonObjectOf(text: string, where: string): Record<string, unknown> {
  const problem = jsonProblem(text);
  if (problem) throw new Error(`${where}: expected a JSON object, found ${problem}`);
  let value: unknown;
  try {
    value = JSON.parse(text.includes("NaN") ? nanAsNull(text) : text);
  } catch (error) {
    throw new Error(`${where}: expected a JSON object, found ${(error as Error).message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new Error(`${where}: expected a JSON object, found ${text.slice(0, 40)}`);
  return value as Record<string, unknown>;
}

/**
 * What JSON.parse accepts silently and readers could not handle: the same key twice in one object, of which only the
 * last would count, and nesting that overflows a recursive reader. What is not JSON passes; JSON.parse says so.
 * @returns what is wrong, null where nothing is
 */
function jsonProblem(text: string): string | null {
  /** Keys of each object that is open; null for a list. */
  const open: (Set<string> | null)[] = [];
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === "{" || letter === "[") {
      open.push(letter === "{" ? new Set() : null);
      if (open.length > deepest) return `lists and objects more than ${deepest} deep`;
    } else if (letter === "}" || letter === "]") open.pop();
    else if (letter === '"') {
      const end = closingQuote(text, at);
      if (end < 0) return null;
      const keys = open.at(-1);
      if (keys && isKey(text, end + 1)) {
        const key = text.slice(at + 1, end);
        const name = key.includes("\\") ? unescaped(key) : key;
        if (keys.has(name)) return `the key ${JSON.stringify(name.slice(0, 40))} twice`;
        keys.add(name);
        if (++count > mostKeys) return `more than ${mostKeys} keys`;
      }
      at = end;
    }
  }
  return null;
}

function closingQuote(text: string, opening: number): number {
  for (let end = text.indexOf('"', opening + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\" && end - 1 - slashes > opening) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

function isKey(text: string, after: number): boolean {
  let at = after;
  while (at < text.length && " \t\r\n".includes(text[at]!)) at++;
  return text[at] === ":";
}

function unescaped(key: string): string {
  try {
    return JSON.parse(`"${key}"`);
  } catch {
    return key;
  }
}

/** The text with null in the place of NaN, which Python writes for a missing number. */
function nanAsNull(text: string): string {
  let read = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') {
      const end = closingQuote(text, at);
      if (end < 0) break;
      at = end;
    } else if (text.startsWith("NaN", at)) {
      read += `${text.slice(from, at)}null`;
      from = at + 3;
      at += 2;
    }
  }
  return read + text.slice(from);
}
