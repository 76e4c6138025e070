import { type Quantity, quantity } from "./quantity.ts";

/** "5-10 cm", "from 5 to 10", a score of 2-0. */
export interface NumberRange {
  from: Quantity;
  to: Quantity;
  /** Written with blanks round a hyphen, as differences are. */
  spaced: boolean;
  /** "-5-5" is minus ten to some. */
  unclear: boolean;
}

const separators = /\s*(?:-|~|\bto\b|\bthrough\b|\bthru\b|至|到)\s*/giu;

/** Two numbers with a sign between them that makes a range; null where there is none. */
export function range(text: string): NumberRange | null {
  const said = text
    .trim()
    .replace(/(?<!\.)\.$/, "")
    .replace(/^between (.+) and (.+)$/i, "$1 to $2")
    .replace(/^from (?=.+ (?:to|through|until) )/i, "");
  for (const match of said.matchAll(separators)) {
    const [left, right] = [said.slice(0, match.index), said.slice(match.index + match[0].length)];
    const isHyphen = match[0].trim() === "-";
    if (left === "" || right === "" || (isHyphen && !(/\d/.test(left) && /^[+-]?[$€£¥]?\d/.test(right)))) continue;
    // A fraction behind a hyphen makes a mixed number, or a date.
    if (/[+*×^√π()/]/.test(said)) return null;
    const [from, to] = [quantity(left), quantity(right)];
    if (!from || !to || from.variable !== null || to.variable !== null) continue;
    if (from.unit && !to.unit && !/^[$€£¥]/.test(left)) continue;
    return {
      from: from.unit ? from : { ...from, unit: to.unit },
      to: to.unit ? to : { ...to, unit: from.unit },
      spaced: isHyphen && /\s-\s/.test(match[0]),
      unclear: isHyphen && left.startsWith("-"),
    };
  }
  return null;
}

/** Three numbers or more with one sign between them: a date, a telephone number, a version. */
export interface NumberParts {
  sign: string;
  parts: string[];
}

/** Null where the text is none. */
export function numberParts(text: string): NumberParts | null {
  const [all, sign] = /^\d+([-/.:])\d+(?:\1\d+)+$/.exec(text.trim().replace(/(?<=\d)\.$/, "")) ?? [];
  if (all === undefined || sign === undefined || (sign === "." && /^\d{1,3}(?:\.\d{3})+$/.test(text))) return null;
  return { sign, parts: all.split(sign) };
}

/** "3×4 cm", "1920 x 1080": a size, or a product. */
export interface Size {
  sides: string[];
  unit: string;
}

/** Null where the text is none. */
export function size(text: string): Size | null {
  const match = /^(\d[\d.]*) ?[x×*] ?(\d[\d.]*)((?: ?[x×*] ?\d[\d.]*)*) ?([a-z]*)$/i.exec(
    text.trim().replace(/(?<=\d)\.$/, ""),
  );
  if (!match) return null;
  const [, first = "", second = "", others = "", unit = ""] = match;
  const more = others === "" ? [] : others.split(/ ?[x×*] ?/i).slice(1);
  return { sides: [first, second, ...more], unit: unit.toLowerCase() };
}

/** "(1, 2)": a pair, in which the order counts. */
export interface Tuple {
  bracket: string;
  parts: string[];
}

/** Null where the text is none. */
export function tuple(text: string): Tuple | null {
  const match = /^([([])([^()[\]]+,[^()[\]]+)([)\]])$/.exec(text.replace(/^[a-z]\s*=\s*/i, ""));
  if (!match) return null;
  const [, open = "", inside = "", close = ""] = match;
  return { bracket: open + close, parts: inside.split(",").map((part) => part.trim()) };
}
