import { arithmetic } from "./arithmetic.ts";
import { withoutLatex } from "./latex.ts";
import { unitOf } from "./units.ts";

const smallNumbers =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

interface Quantity {
  value: number;
  unit: { dimension: string; factor: number } | null;
  /** Digits behind the point of a plain decimal, null for a fraction or a root. */
  decimals: number | null;
}

/**
 * Whether two texts are the same number: 1,250 m = 1250 meters = 1.25 km, 50 % = 0.5, 1/2 = \frac{1}{2} = 0.5,
 * three = 3, (1, 2) = (1,2). A unit that one of the two leaves out does not matter; a fraction or a root may be rounded
 * to two decimals or more. Null where one is no number, or where two units have nothing to do with each other.
 */
export function sameNumber(given: string, gold: string): boolean | null {
  const [left, right] = [elements(given), elements(gold)];
  if (left !== null && right !== null) {
    if (left.parts.length !== right.parts.length || left.bracket !== right.bracket) return null;
    const same = left.parts.map((part, i) => sameNumber(part, right.parts[i]));
    return same.includes(null) ? null : same.every(Boolean);
  }
  const [a, b] = [quantity(given), quantity(gold)];
  return a === null || b === null ? null : sameQuantity(a, b);
}

/** The number that a sentence is about, where it has just one. */
export function onlyNumber(sentence: string): string | null {
  const words = sentence.match(/\d+(?:[.,]\d+)*|\p{L}+/gu) ?? [];
  const numbers = words.filter((word) => quantity(word)?.unit === null);
  return numbers.length === 1 ? numbers[0] : null;
}

/** "(1, 2)": a pair, in which the order counts. */
function elements(text: string): { bracket: string; parts: string[] } | null {
  const match = /^([([])([^()[\]]+,[^()[\]]+)([)\]])$/.exec(withoutLatex(text).replace(/^[a-z]\s*=\s*/i, ""));
  return match ? { bracket: match[1] + match[3], parts: match[2].split(",").map((part) => part.trim()) } : null;
}

function sameQuantity(a: Quantity, b: Quantity): boolean | null {
  if (a.unit !== null && b.unit !== null) {
    if (a.unit.dimension !== b.unit.dimension) return null;
    return same(a.value * a.unit.factor, b.value * b.unit.factor) || rounded(a, b);
  }
  const isShare = (quantity: Quantity) => quantity.unit?.dimension === "share";
  if (isShare(a) !== isShare(b)) {
    const scaled = (quantity: Quantity) => quantity.value * (isShare(quantity) ? 0.01 : 1);
    if (same(scaled(a), scaled(b))) return true;
  }
  return same(a.value, b.value) || rounded(a, b);
}

/** Twelve digits: what arithmetic in binary leaves of an exact result. */
const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

function rounded(a: Quantity, b: Quantity): boolean {
  if ((a.decimals === null) === (b.decimals === null)) return false;
  const decimals = a.decimals ?? b.decimals!;
  return decimals >= 2 && Math.abs(a.value - b.value) <= 0.5 * 10 ** -decimals;
}

function quantity(text: string): Quantity | null {
  const plain = withoutLatex(text)
    .replace(/[−–]/g, "-")
    .replace(/⁄/g, "/")
    .replace(/\s+/g, " ")
    .replace(/^[a-z]\s*=\s*/i, "")
    .replace(/\.$/, "")
    .trim();
  const money = /^([+-]?)([$€£])\s*(.+)$/.exec(plain);
  if (money) {
    const amount = quantity(money[1] + money[3]);
    return amount === null || amount.unit !== null ? null : { ...amount, unit: unitOf(money[2]) };
  }
  const bare = value(plain);
  if (bare !== null) return { ...bare, unit: null };
  for (const pattern of numberThenUnit) {
    const [, number, unit] = pattern.exec(plain) ?? [];
    if (number === undefined) continue;
    const amount = value(number.trim());
    if (amount === null) continue;
    const [word, ...rest] = unit.split(" ");
    const times = multiples[word.replace(/s$/, "").replace("halve", "half")];
    if (times !== undefined) {
      const unit = rest.length === 0 ? null : unitOf(rest.join(" "));
      return rest.length > 0 && unit === null
        ? null
        : { value: amount.value * times, decimals: times < 1 ? null : 0, unit };
    }
    const measured = unitOf(unit);
    if (measured !== null) return { ...amount, unit: measured };
  }
  return null;
}

/** "two dozen", "3.5 million people", "three eighths". */
const multiples: Record<string, number> = {
  dozen: 12,
  hundred: 100,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  half: 1 / 2,
  third: 1 / 3,
  quarter: 1 / 4,
  fourth: 1 / 4,
  fifth: 1 / 5,
  sixth: 1 / 6,
  seventh: 1 / 7,
  eighth: 1 / 8,
  ninth: 1 / 9,
  tenth: 1 / 10,
};

/** "1,250.5 m", "1 1/2 cups", "3e2 s"; "2√(10) cm"; "three dogs". */
const numberThenUnit: readonly RegExp[] = [
  /^([+-]?(?:\d{1,3}(?:[, ]\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:e[+-]?\d+)?(?: \d+\/\d+|\/\d+)?)\s*([^\d\s].*)$/i,
  /^(.*[\d)π])\s*([^\d\s()].*)$/,
  /^([a-z]+(?:-[a-z]+)?) (.+)$/i,
];

/** A number without a unit. */
function value(text: string): Omit<Quantity, "unit"> | null {
  if (text === "") return null;
  const grouped = /^[+-]?\d{1,3}([, '])\d{3}(?:\1\d{3})*(?:\.\d+)?$/.test(text) ? text.replace(/[, ']/g, "") : text;
  const plain = /^[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:e[+-]?\d{1,3})?$/i.exec(grouped);
  if (plain) return { value: Number(grouped), decimals: (plain[1] ?? plain[2] ?? "").length };
  const mixed = /^(\d+) (\d+)\/(\d+)$/.exec(grouped);
  if (mixed) return { value: Number(mixed[1]) + Number(mixed[2]) / Number(mixed[3]), decimals: null };
  const word = wordValue(grouped.toLowerCase());
  if (word !== null) return { value: word, decimals: 0 };
  const computed = arithmetic(grouped);
  return computed === null ? null : { value: computed, decimals: null };
}

function wordValue(text: string): number | null {
  const small = smallNumbers.indexOf(text);
  if (small >= 0) return small;
  const [ten, one] = text.split("-");
  const high = tens.indexOf(ten);
  if (high < 0) return null;
  const low = one === undefined ? 0 : smallNumbers.indexOf(one);
  return low >= 0 && low < 10 ? 20 + 10 * high + low : null;
}
