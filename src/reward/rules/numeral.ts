import { decimal, negative, over, plus, type Rational, whole } from "./rational.ts";

/** A number in digits, and what else the same signs mean to others. */
export interface Numeral {
  value: Rational;
  /** Other values that the text may stand for: 1,234 is 1.234 in many countries. */
  maybe: Rational[];
  /** Digits behind the point of a plain decimal, null for a fraction. */
  decimals: number | null;
  /** Written as labels are, 007, or with noughts that may be thousands, 5.000: equal in value is not certainly equal. */
  label: boolean;
  /** "10 100" may be two numbers: equal is likely meant, other than equal is not certain. */
  unsure: boolean;
}

/** Digits, separators and an exponent; a group of three in each. */
const forms = {
  plain: /^(?:\d+(?:\.(\d*))?|\.(\d+))(?:e[+-]?\d{1,3})?$/i,
  commas: /^[1-9]\d{0,2}(?:,\d{3})+(?:\.(\d+))?$/,
  indian: /^[1-9]\d?(?:,\d{2})+,\d{3}(?:\.(\d+))?$/,
  points: /^[1-9]\d{0,2}(?:\.\d{3}){2,}$/,
  pointsThenComma: /^[1-9]\d{0,2}(?:\.\d{3})+,(\d+)$/,
  apostrophes: /^[1-9]\d{0,2}(?:'\d{3})+(?:\.(\d+))?$/,
  blanks: /^[1-9]\d{0,2}(?: \d{3})+(?:\.(\d+))?$/,
  blanksThenComma: /^[1-9]\d{0,2}(?: \d{3})+,(\d+)$/,
} as const;

/**
 * "1,250", "1.234,5", "1,23,456", "12'345", "3e2", "-0.5", "1 1/2"; null where it is none, or where its separators
 * fit no convention: "1,25" is 1.25, a list, or a mistake.
 */
export function numeral(text: string): Numeral | null {
  const [, sign = "", rest = ""] = /^([+-]?) ?(.*)$/s.exec(text) ?? [];
  const read = unsigned(rest);
  if (read === null || sign !== "-") return read;
  return { ...read, value: negative(read.value), maybe: read.maybe.map(negative) };
}

function unsigned(text: string): Numeral | null {
  const plain = forms.plain.exec(text);
  if (plain) {
    const value = decimal(text);
    if (value === null) return null;
    const grouped = /^[1-9]\d{0,2}\.\d{3}$/.test(text) ? decimal(text.replace(".", "")) : null;
    return {
      value,
      maybe: grouped === null ? [] : [grouped],
      decimals: (plain[1] ?? plain[2] ?? "").length,
      // 5.000 is five thousand in many countries.
      label: /^0\d|^[1-9]\d{0,2}\.\d\d0$/.test(text),
      unsure: false,
    };
  }
  const mixed = /^(\d+) (\d+)\/(\d+)$/.exec(text);
  if (mixed) {
    const [, wholes = "", above = "", below = ""] = mixed;
    const part = over(whole(BigInt(above)), whole(BigInt(below)));
    if (part === null) return null;
    return { value: plus(whole(BigInt(wholes)), part), maybe: [], decimals: null, label: false, unsure: false };
  }
  for (const [form, pattern] of Object.entries(forms)) {
    const match = pattern.exec(text);
    if (!match) continue;
    const isComma = form === "pointsThenComma" || form === "blanksThenComma";
    const digits = isComma
      ? text.replace(/[. ]/g, "").replace(",", ".")
      : text.replace(form === "points" ? /\./g : /[, ']/g, "");
    const value = decimal(digits);
    if (value === null) return null;
    const asPoint = /^\d{1,3},\d{3}$/.test(text) ? decimal(text.replace(",", ".")) : null;
    const maybe = asPoint === null ? [] : [asPoint];
    return { value, maybe, decimals: (match[1] ?? "").length, label: false, unsure: form.startsWith("blanks") };
  }
  return null;
}
