import { decimal, half, negative, plus, type Rational, times, whole } from "./rational.ts";

const words = (text: string): readonly string[] => text.split(" ");
const small = words(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
);
const tens = words("twenty thirty forty fifty sixty seventy eighty ninety");
const powers: readonly [name: string, exponent: number][] = [
  ["trillion", 12],
  ["billion", 9],
  ["crore", 7],
  ["million", 6],
  ["lakh", 5],
  ["thousand", 3],
];
const scales = new Map(powers.map(([name, exponent]) => [name, whole(10n ** BigInt(exponent))]));
const ordinals = words(
  "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
);
const tensth = tens.map((ten) => ten.replace(/y$/, "ieth"));
const parts = new Map<string, number>([
  ["half", 2],
  ["quarter", 4],
  ...ordinals.slice(3, 11).map((name, i) => [name, i + 3] as const),
  ["hundredth", 100],
  ["thousandth", 1000],
]);

const singular = (word: string): string => (word === "halves" ? "half" : word.replace(/s$/, ""));

/** Whether a word is part of a number: what stands behind one is not a unit then. */
export const isNumberWord = (word: string): boolean =>
  [small, tens, ordinals, tensth].some((list) => list.includes(word) || list.includes(singular(word))) ||
  scales.has(singular(word)) ||
  parts.has(singular(word)) ||
  /^(?:hundred|dozen|score|gross|couple|point|minus|negative|million(?:th)?|billion(?:th)?|quadrillion|quintillion|zillion|myriad|lac)s?$/.test(
    word,
  );

/** How much a word behind a number multiplies it, "million" or "dozens"; null where it is none. */
export function multiple(word: string): Rational | null {
  const one = singular(word);
  return one === "hundred"
    ? whole(100)
    : one === "dozen"
      ? whole(12)
      : one === "lac"
        ? whole(100_000)
        : (scales.get(one) ?? null);
}

/** "two thirds", "1 half": the share that a word names behind a number; null for "three third". */
export function share(count: Rational, word: string): Rational | null {
  const [one, of] = [singular(word), parts.get(singular(word))];
  if (of === undefined) return null;
  const isOne = count.n === count.d;
  // "Thirty second" and "twenty third" are ordinals, or seconds.
  return (one === word) === isOne ? times(count, { n: 1n, d: BigInt(of) }) : null;
}

export interface WordNumber {
  value: Rational;
  /** Words that it takes. */
  used: number;
  /** False for a share or a decimal, which may be rounded. */
  isWhole: boolean;
}

/**
 * The longest English number at the beginning: "two thousand twenty-three", "a hundred and five", "minus three point
 * five", "half a dozen", "two thirds". Null where there is none, and for "twenty twenty": a year, or two numbers.
 */
export function englishNumber(said: readonly string[]): WordNumber | null {
  const isNegative = said[0] === "minus" || said[0] === "negative";
  const reader = new Reader(isNegative ? said.slice(1) : said);
  const read = reader.number();
  if (read === null) return null;
  const used = reader.at + Number(isNegative);
  const next = said[used] ?? "";
  const isTime = next === "seconds" || (next === "second" && read.value.n === read.value.d);
  if (isNumberWord(next) && !isTime) return null;
  return { value: isNegative ? negative(read.value) : read.value, used, isWhole: read.isWhole };
}

class Reader {
  readonly #said: readonly string[];
  at = 0;

  constructor(said: readonly string[]) {
    this.#said = said;
  }

  #is(...those: string[]): boolean {
    const found = those.every((word, i) => this.#said[this.at + i] === word);
    if (found) this.at += those.length;
    return found;
  }

  number(): { value: Rational; isWhole: boolean } | null {
    if (this.#is("half", "a", "dozen") || this.#is("half", "dozen")) return { value: whole(6), isWhole: true };
    if (this.#is("dozen")) return { value: whole(12), isWhole: true };
    if (this.#is("a", "half") || this.#is("half")) return { value: half, isWhole: false };
    if (
      this.#said[0] === "a" &&
      /^(?:hundred|thousand|lakh|million|crore|billion|trillion|dozen)$/.test(this.#said[1] ?? "")
    )
      return this.#behindA();
    const count = this.#whole();
    if (count === null) return null;
    return this.#further(count);
  }

  /** "a hundred and five" is read as "one hundred and five". */
  #behindA(): { value: Rational; isWhole: boolean } | null {
    const reader = new Reader(["one", ...this.#said.slice(1)]);
    const read = reader.number();
    this.at = reader.at;
    return read;
  }

  #further(count: Rational): { value: Rational; isWhole: boolean } | null {
    let value = count;
    let isWhole = true;
    if (this.#is("point")) {
      let digits = "";
      for (
        let d = small.indexOf(this.#said[this.at] ?? "");
        d >= 0 && d < 10;
        d = small.indexOf(this.#said[this.at] ?? "")
      ) {
        digits += d;
        this.at++;
      }
      if (digits === "") return null;
      value = plus(value, decimal(`.${digits}`) ?? whole(0));
      isWhole = false;
      const scale = scales.get(this.#said[this.at] ?? "");
      if (scale) {
        value = times(value, scale);
        this.at++;
      }
    } else if (this.#is("dozen") || this.#is("dozens")) value = times(value, whole(12));
    else if (this.#is("and", "a", "half") || this.#is("and", "one", "half")) {
      value = plus(value, half);
      isWhole = false;
    } else {
      const part = share(value, this.#said[this.at] ?? "");
      if (part) {
        this.at++;
        return { value: part, isWhole: false };
      }
    }
    return { value, isWhole };
  }

  #whole(): Rational | null {
    let total: Rational | null = null;
    let limit: Rational | null = null;
    for (;;) {
      const start = this.at;
      if (total !== null) this.#is("and");
      const group = this.#belowThousand();
      if (group === null) {
        this.at = start;
        return total;
      }
      const scale = scales.get(this.#said[this.at] ?? "");
      if (scale === undefined) {
        total = plus(total ?? whole(0), whole(group));
        return total;
      }
      // "Two thousand three million" is nothing.
      if (limit !== null && scale.n >= limit.n) return null;
      this.at++;
      limit = scale;
      total = plus(total ?? whole(0), times(whole(group), scale));
    }
  }

  #belowThousand(): number | null {
    const count = this.#belowHundred();
    if (count === null) return null;
    if (count === 0 || !this.#is("hundred")) return count;
    const start = this.at;
    this.#is("and");
    const rest = this.#belowHundred();
    if (rest !== null && rest > 0) return count * 100 + rest;
    this.at = start;
    return count * 100;
  }

  #belowHundred(): number | null {
    const word = this.#said[this.at] ?? "";
    const ten = tens.indexOf(word);
    if (ten < 0) {
      const one = small.indexOf(word);
      if (one >= 0) this.at++;
      return one < 0 ? null : one;
    }
    this.at++;
    const one = small.indexOf(this.#said[this.at] ?? "");
    if (one < 1 || one > 9) return 20 + 10 * ten;
    this.at++;
    return 20 + 10 * ten + one;
  }
}

/** "3rd", "third", "twenty-first", "第三": its number, null where it is not an ordinal. */
export function ordinal(text: string): bigint | null {
  const [, digits] = /^(?:the )?(\d+)(st|nd|rd|th)$/i.exec(text) ?? [];
  if (digits !== undefined) return BigInt(digits);
  const said = text.toLowerCase().replace(/^the /, "").replace(/-/g, " ").split(" ");
  const [first = "", second = ""] = said;
  if (said.length === 1) {
    const low = ordinals.indexOf(first);
    if (low >= 0) return BigInt(low);
    const high = tensth.indexOf(first);
    return high < 0 ? null : BigInt(20 + 10 * high);
  }
  const [ten, one] = [tens.indexOf(first), ordinals.indexOf(second)];
  return said.length === 2 && ten >= 0 && one > 0 && one < 10 ? BigInt(20 + 10 * ten + one) : null;
}

/** A Roman numeral of I, V and X with two signs or more; one alone is a letter. */
export function roman(text: string): bigint | null {
  if (!/^(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})$/.test(text)) return null;
  const values: Record<string, number> = { I: 1, V: 5, X: 10 };
  const each = Array.from(text, (sign) => values[sign] ?? 0);
  return BigInt(each.reduce((sum, value, i) => sum + (value < (each[i + 1] ?? 0) ? -value : value), 0));
}
