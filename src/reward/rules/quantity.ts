import { arithmetic, exactly, type Value } from "./arithmetic.ts";
import { chineseNumber, isCountedInChinese } from "./number_chinese.ts";
import { englishNumber, multiple, ordinal, roman, share } from "./number_words.ts";
import { numeral } from "./numeral.ts";
import { negative, type Rational, times, whole } from "./rational.ts";
import { type Unit, unitOf } from "./units.ts";

/** A number as an answer gives it. */
export interface Quantity {
  value: Value;
  /** Other values that the same signs may stand for; then neither equal nor different is certain by them. */
  maybe: Rational[];
  unit: Unit | null;
  /** Digits behind the point of a plain decimal, null for a fraction or a root. */
  decimals: number | null;
  /** "x" of "x = 3". */
  variable: string | null;
  kind: "cardinal" | "ordinal";
  /** Written as labels are, "007", or as "5.000": equal in value is not certainly equal. */
  label: boolean;
  /** Different in value is not certainly different. */
  unsure: boolean;
}

const nothingElse = {
  maybe: [],
  unit: null,
  decimals: null,
  variable: null,
  kind: "cardinal",
  label: false,
  unsure: false,
} as const satisfies Partial<Quantity>;

const amountOfMoney = /^([+-]?) ?(US\$|[$€£¥₹]) ?([+-]?)(\d.*|\.\d.*)$/u;

/**
 * The number, with its unit, that a text without layout is (`plainAnswer`): null where it is more, less, or may be
 * another: ranges, sums, "about 5", "5 or more", "5!". Capitals count: 5M is five million, 5 m five metres.
 */
export function quantity(text: string): Quantity | null {
  const said = text
    .replace(/(?<!\.)\.$/, "")
    .replace(/\s+/g, " ")
    .trim();
  const signed = /^(?:minus|negative) (?=[\d.])(.+)$/i.exec(said);
  if (signed) return quantity(`-${signed[1]}`);
  const percent = /^百分之(.+)$/u.exec(said);
  if (percent) return quantity(`${percent[1]}%`);
  const equation = /^(\p{L})\s*=\s*(.+)$/u.exec(said);
  if (equation) {
    const [, variable = "", value = ""] = equation;
    const read = quantity(value);
    return read && read.variable === null ? { ...read, variable } : null;
  }
  return spelled(said) ?? money(said) ?? bare(said) ?? measured(said) ?? inWords(said) ?? inChinese(said);
}

/** Ordinals and Roman numerals. */
function spelled(text: string): Quantity | null {
  const nth = ordinal(text);
  if (nth !== null) return { ...nothingElse, value: exactly(whole(nth)), kind: "ordinal" };
  const inRoman = roman(text);
  // It may be a word or a label.
  return inRoman === null ? null : { ...nothingElse, value: exactly(whole(inRoman)), unsure: true, decimals: 0 };
}

function money(text: string): Quantity | null {
  const match = amountOfMoney.exec(text);
  if (!match) return null;
  const [, before = "", sign = "", behind = "", amountSaid = ""] = match;
  if (before !== "" && behind !== "") return null;
  const unit = unitOf(sign);
  const said = before + behind + amountSaid;
  const amount = bare(said) ?? measured(said, true);
  if (amount === null || unit === null) return null;
  if (amount.unit !== null && amount.unit.dimension !== unit.dimension) return null;
  return { ...amount, unit };
}

/** Sums and products of plain numbers are ranges, scores and sizes as often: only what must be calculated is. */
const isPlainSum = (text: string): boolean =>
  !/[√π^()]/.test(text) && (/[\d.] ?[-+*×·](?: ?[-+])* ?[\d.]/.test(text) || /\d\/[\d.]+\//.test(text));

/** A number without a unit. */
function bare(text: string): Quantity | null {
  if (text === "") return null;
  const read = numeral(text);
  if (read) {
    // "- 5" may be an item of a list.
    const maybe = /^- /.test(text) ? [...read.maybe, negative(read.value)] : read.maybe;
    return { ...nothingElse, ...read, maybe, value: exactly(read.value) };
  }
  const scientific = text.replace(/(?<=\d) ?[x×·*] ?(?=10\^)/gi, "*");
  if (isPlainSum(scientific) || !/[\d√π]/.test(text)) return null;
  const value = arithmetic(scientific);
  if (value === null) return null;
  // 30⁰ may be thirty degrees, (5) five below nought.
  const [, power] = /^(\d+)\^\(0\)$/.exec(text) ?? [];
  const inBrackets = /^\((\d[\d.]*)\)$/.exec(text);
  const maybe = power !== undefined ? [whole(BigInt(power))] : inBrackets && value.exact ? [negative(value.exact)] : [];
  return { ...nothingElse, value, maybe };
}

/** "1,250.5 m", "1 1/2 cups", "3e2 s"; "2√(10) cm". */
const numberThenUnit: readonly RegExp[] = [
  /^([+-]? ?(?:\.\d+|\d+(?:[,.' ]\d+)*)(?:e[+-]?\d{1,3}(?![\p{L}\d]))?(?: \d+\/\d+|\/\d+)?)( ?)([^\d\s.,'/+*×^()-].*)$/iu,
  /^(.*[\d)π])( ?)([^\d\s()].*)$/u,
];

function measured(text: string, isMoney = false): Quantity | null {
  for (const pattern of numberThenUnit) {
    const [, number, blank, rest] = pattern.exec(text) ?? [];
    if (number === undefined) continue;
    const amount = bare(number.trim());
    const read = amount && withRest(amount, rest ?? "", blank === "", isMoney);
    if (read) return read;
  }
  return null;
}

/** Signs of a magnitude, with what else they may stand for: a kelvin, a metre, a byte. */
const magnitudes: readonly [RegExp, power: bigint][] = [
  [/^[kK](?![\p{L}])/u, 3n],
  [/^(?:M|[mM]n|mln|mio|mil)(?![\p{L}])/u, 6n],
  [/^(?:B|[bB]n|BN|bil)(?![\p{L}])/u, 9n],
  [/^(?:[tT]n|trn)(?![\p{L}])/u, 12n],
];
const ofMoney: readonly [RegExp, power: bigint][] = [
  [/^m(?![\p{L}])/u, 6n],
  [/^b(?![\p{L}])/u, 9n],
  [/^[Tt](?![\p{L}])/u, 12n],
];

function withRest(amount: Quantity, rest: string, attached: boolean, isMoney: boolean): Quantity | null {
  for (const [sign, power] of isMoney ? [...ofMoney, ...magnitudes] : magnitudes) {
    const found = sign.exec(rest)?.[0];
    if (found === undefined) continue;
    const scaled = multiplied(amount, whole(10n ** power));
    // "5 K" may be kelvin; "5K" hardly is, and sameNumber asks what the question is about.
    const maybe = attached || found.length > 1 || isMoney ? [] : unscaled(amount);
    return scaled && withUnit({ ...scaled, maybe: [...scaled.maybe, ...maybe] }, rest.slice(found.length).trim());
  }
  const words = rest.split(" ");
  let scaled: Quantity | null = amount;
  let used = 0;
  for (const word of attached ? [] : words) {
    const factor = multiple(word.toLowerCase());
    if (factor === null || scaled === null) break;
    scaled = multiplied(scaled, factor);
    used++;
  }
  if (scaled === null) return null;
  if (used > 0) return withUnit(scaled, words.slice(used).join(" "));
  const part = !attached && amount.value.exact && share(amount.value.exact, (words[0] ?? "").toLowerCase());
  if (part) return withUnit({ ...amount, value: exactly(part), decimals: null }, words.slice(1).join(" "));
  if (/^and (?:a|one) half$/i.test(rest) && amount.value.exact && amount.decimals === 0)
    return quantity(`${amount.value.exact.n} 1/2`);
  // Five grand, five pairs: how many make one lot is not said.
  if (lots.test(rest)) return null;
  const unit = unitOf(rest, attached);
  if (unit !== null) return { ...amount, unit };
  return /^\p{Script=Han}/u.test(rest) && isCountedInChinese(rest) ? amount : null;
}

const lots =
  /^(?:grand|pairs?|couples?|scores?|gross|tens|dozens|teens|halves|half|thirds?|quarters?|fifths?|sets?|packs?|times|fold|myriads?|stone|ish|odd|plus|or so|something)\b/i;

const unscaled = ({ value, maybe }: Quantity): Rational[] => [...(value.exact ? [value.exact] : []), ...maybe];

function multiplied(amount: Quantity, factor: Rational): Quantity | null {
  if (!amount.value.exact) return null;
  return {
    ...amount,
    value: exactly(times(amount.value.exact, factor)),
    maybe: amount.maybe.map((value) => times(value, factor)),
    decimals: 0,
  };
}

function withUnit(amount: Quantity, rest: string): Quantity | null {
  if (rest === "") return amount;
  const unit = unitOf(rest);
  return unit && { ...amount, unit };
}

/** "three dogs", "twenty-one", "two and a half metres". */
function inWords(text: string): Quantity | null {
  if (!/^\p{L}/u.test(text)) return null;
  const said = text.replace(/(?<=\p{L})-(?=\p{L})/gu, " ").split(" ");
  const read = englishNumber(said.map((word) => word.toLowerCase()));
  if (read === null) return null;
  const amount = { ...nothingElse, value: exactly(read.value), decimals: read.isWhole ? 0 : null };
  return withUnit(amount, said.slice(read.used).join(" "));
}

function inChinese(text: string): Quantity | null {
  const read = chineseNumber(text);
  if (read === null) return null;
  const amount = { ...nothingElse, value: exactly(read.value), decimals: read.isWhole ? 0 : null };
  if (read.rest === "") return amount;
  const unit = unitOf(read.rest.trim(), false);
  if (unit !== null && !unit.isCount) return { ...amount, unit };
  return isCountedInChinese(read.rest) ? amount : null;
}
