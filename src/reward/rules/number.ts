import {
  type NumberParts,
  type NumberRange,
  numberParts,
  range,
  type Size,
  size,
  type Tuple,
  tuple,
} from "./number_forms.ts";
import { type Quantity, quantity } from "./quantity.ts";
import { compare, decimal, type Rational, times, whole } from "./rational.ts";
import { sameQuantity } from "./same_quantity.ts";

/**
 * Whether two texts (of `plainAnswer`) are the same number: 1,250 m = 1250 meters = 1.25 km, 50 % = 0.5,
 * 1/2 = \frac{1}{2} = 0.5, twenty-one = 21, 5K = 5000, (1, 2) = (1,2), 5-10 = 5 to 10. A unit that one of the two leaves
 * out does not matter; a fraction or a root may be rounded to two decimals or more. True and false are certain; null
 * where one is not a number, where signs have several readings that differ here (1,234; 5 K), and where two units have
 * nothing to do with each other.
 * @param question in lower case
 */
export function sameNumber(given: string, gold: string, question = ""): boolean | null {
  if (Math.max(given.length, gold.length) > longestNumber) return null;
  const verdict = sameForms(given, gold, question);
  // As labels, dates and versions equal numbers differ: 1.10 and 1.1, 1/2 and 2/4.
  return verdict === true && given !== gold && namesLabels.test(question) ? null : verdict;
}

/** Characters of a number with its unit; what is longer is something else, and would be long in reading. */
const longestNumber = 200;

const namesLabels =
  /\b(?:version|dates?|what time|o'clock|clock|phone|zip|postal|code|plate|serial|chapter|section|score|ratio)\b/;
const asksTemperature = /\btemperature|\bkelvin\b|\bhot\b|\bcold\b|\bheat/;
const asksBytes = /\bbytes?\b|\bmemory\b|\bfile\b|\bstorage\b/;

function sameForms(given: string, gold: string, question: string): boolean | null {
  const dates = [numberParts(given), numberParts(gold)];
  if (dates[0] && dates[1]) return sameParts(dates[0], dates[1]);
  const pairs = [tuple(given), tuple(gold)];
  if (pairs[0] && pairs[1]) return sameTuple(pairs[0], pairs[1], question);
  const sizes = [size(given), size(gold)];
  if (sizes[0] && sizes[1]) return sameSize(sizes[0], sizes[1]);
  const ranges = [range(given), range(gold)];
  if (ranges[0] && ranges[1]) return sameRange(ranges[0], ranges[1], question);
  const [a, b] = [read(given, gold, question), read(gold, given, question)];
  const [one, numbers, other] = a ? [a, dates[1]?.parts, ranges[1]] : [b, dates[0]?.parts, ranges[0]];
  if (one && numbers) return amongParts(one, numbers);
  if (one && other) return inRange(one, other, question);
  return a === null || b === null ? null : sameQuantity(a, b, question);
}

/** A number whose sign of a magnitude may be one of a unit here: kelvin, bytes, metres in capitals. */
function read(text: string, other: string, question: string): Quantity | null {
  const found = quantity(text);
  const letter = /^[+-]?[\d.,]+ ?([kKMBmbt])$/.exec(text)?.[1];
  if (!found?.value.exact || letter === undefined) return found;
  // "5m" is five metres, and to some five million.
  if (/[mbt]/.test(letter)) {
    const { n, d } = found.value.exact;
    const factor = 10n ** (letter === "m" ? 6n : letter === "b" ? 9n : 12n);
    return { ...found, maybe: [...found.maybe, { n: n * factor, d }] };
  }
  const power = letter === "B" ? 9n : letter === "M" ? 6n : 3n;
  const isMeant = letter === "B" ? asksBytes.test(question) : letter !== "M" && asksTemperature.test(question);
  const unit = isMeant ? null : quantity(other)?.unit;
  if (!isMeant && (!unit || unit.isCount)) return found;
  const { n, d } = found.value.exact;
  return { ...found, maybe: [...found.maybe, { n, d: d * 10n ** power }] };
}

const sorted = (numbers: readonly string[]): string =>
  numbers
    .map((number) => BigInt(number))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .join(" ");

/** Dates and the like are the same where they are written the same; 02/01 may be 01/02. */
function sameParts(a: NumberParts, b: NumberParts): boolean | null {
  const year = ({ parts }: NumberParts) => parts.find((part) => part.length === 4);
  const isAlike =
    a.sign === b.sign && a.parts.map((part) => part.length).join() === b.parts.map((part) => part.length).join();
  if (!isAlike && (a.parts.length !== 3 || b.parts.length !== 3 || !year(a) || !year(b))) return null;
  return sorted(a.parts) === sorted(b.parts) ? null : false;
}

function sameTuple(a: Tuple, b: Tuple, question: string): boolean | null {
  if (a.parts.length !== b.parts.length || a.bracket !== b.bracket) return null;
  const same = a.parts.map((part, i) => sameNumber(part, b.parts[i] ?? "", question));
  if (same.includes(null)) return null;
  if (same.every(Boolean)) return true;
  // Solutions in another order may be meant.
  return [...a.parts].sort().join() === [...b.parts].sort().join() ? null : false;
}

function sameSize(a: Size, b: Size): boolean | null {
  const [ours, theirs] = [sidesOf(a), sidesOf(b)];
  if (ours === null || theirs === null || (a.unit !== b.unit && a.unit !== "" && b.unit !== "")) return null;
  const area = (of: readonly Rational[]) => of.reduce(times, whole(1));
  const isSame =
    ours.length === theirs.length &&
    ours.every((side, i) => {
      const other = theirs[i];
      return other !== undefined && compare(side, other) === 0;
    });
  if (isSame) return true;
  return compare(area(ours), area(theirs)) === 0 ? null : false;
}

/** Null where one of them is not a number. */
function sidesOf({ sides }: Size): Rational[] | null {
  const read = sides.flatMap((side) => decimal(side) ?? []);
  return read.length === sides.length ? read : null;
}

function sameRange(a: NumberRange, b: NumberRange, question: string): boolean | null {
  const ends = [sameQuantity(a.from, b.from, question), sameQuantity(a.to, b.to, question)];
  if (a.unclear !== b.unclear) return null;
  // 10 - 5 may be five, and 10-5 a range.
  if (ends.every((end) => end === true))
    return a.spaced === b.spaced || a.from.value.near < a.to.value.near ? true : null;
  if (!ends.includes(false)) return null;
  const turned = [sameQuantity(a.from, b.to, question), sameQuantity(a.to, b.from, question)];
  if (turned.every((end) => end !== false)) return null;
  const difference = ({ from, to }: NumberRange) => from.value.near - to.value.near;
  return a.spaced && b.spaced && difference(a) > 0 && difference(a) === difference(b) ? null : false;
}

/** A number for a range, or the other way round: inside it may be meant, outside it cannot be. */
function inRange(one: Quantity, { from, to, spaced }: NumberRange, question: string): boolean | null {
  const isPlain = (of: Quantity) => of.maybe.length === 0 && !of.unsure && of.kind === "cardinal";
  if (![one, from, to].every(isPlain) || (one.unit && from.unit && one.unit.dimension !== from.unit.dimension))
    return null;
  const near = ({ value, unit }: Quantity) => value.near * (one.unit && from.unit ? (unit?.factor ?? 1) : 1);
  const [x, low, high] = [near(one), near(from), near(to)];
  if (sameQuantity(one, from, question) !== false || sameQuantity(one, to, question) !== false) return null;
  if (x >= Math.min(low, high) && x <= Math.max(low, high)) return null;
  // 10-5 may mean five; 5-10 is not written for minus five.
  const isDifference =
    Math.abs(x - (low - high)) <= 1e-9 * Math.abs(x) || Math.abs(x + (low - high)) <= 1e-9 * Math.abs(x);
  return isDifference && (spaced || low > high || low < 0) ? null : false;
}

function amongParts({ value, unit }: Quantity, parts: readonly string[]): boolean | null {
  const { exact } = value;
  if (unit !== null || exact === null || !parts.some((part) => part.length === 4)) return null;
  return parts.some((part) => compare(exact, whole(BigInt(part))) === 0) ? null : false;
}
