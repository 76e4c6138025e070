import { numeral } from "./numeral.ts";
import { half, negative, over, plus, type Rational, times, whole } from "./rational.ts";

const digits = "零一二三四五六七八九";
const scaleOf: Record<string, number> = { 十: 10, 百: 100, 千: 1000, 万: 10_000, 亿: 100_000_000 };

const modern = (text: string): string =>
  text
    .replace(/萬/g, "万")
    .replace(/億/g, "亿")
    .replace(/[兩两]/g, "二")
    .replace(/〇/g, "零");

/**
 * A number at the beginning of a Chinese text and what stands behind it: "二十一只狗", "5万", "三分之一", "百分之五十".
 * Null where there is none, or where it is said in short ("一百五" is 150, "三四个" is three or four).
 */
export function chineseNumber(text: string): { value: Rational; rest: string; isWhole: boolean } | null {
  const [, sign = "", said = ""] = /^([负-]?)(.*)$/su.exec(modern(text)) ?? [];
  const read = unsigned(said);
  if (read === null) return null;
  return { ...read, value: sign === "" ? read.value : negative(read.value) };
}

function unsigned(text: string): { value: Rational; rest: string; isWhole: boolean } | null {
  const mixed = /^(\d[\d,.]*) ?([十百千万亿]+)(.*)$/su.exec(text);
  if (mixed) {
    const [, count = "", scale = "", rest = ""] = mixed;
    // 5千米 are five kilometres, and five thousand metres.
    const value = numeral(count);
    if (value === null || value.maybe.length > 0 || !/^(?:[十百千]?[万亿]?|万亿)$/.test(scale) || /^\d/.test(rest))
      return null;
    const factor = Array.from(scale, (sign) => scaleOf[sign] ?? 1).reduce((a, b) => a * b, 1);
    return { value: times(value.value, whole(factor)), rest, isWhole: true };
  }
  const [, behindHalf] = /^一半(.*)$/su.exec(text) ?? [];
  if (behindHalf !== undefined) return { value: half, rest: behindHalf, isWhole: false };
  const fraction = /^([零一二三四五六七八九十百千万]+)分之([零一二三四五六七八九十百千万]+|\d+(?:\.\d+)?)(.*)$/su.exec(
    text,
  );
  if (fraction) {
    const [, denominator = "", numerator = "", rest = ""] = fraction;
    const below = spelled(denominator);
    const above = /^\d/.test(numerator) ? (numeral(numerator)?.value ?? null) : spelled(numerator);
    const value = below && above && over(above, below);
    return value && { value, rest, isWhole: false };
  }
  const [, run, point, rest = ""] =
    /^([零一二三四五六七八九十百千万亿]+)(?:点([零一二三四五六七八九]+))?(.*)$/su.exec(text) ?? [];
  const value = run === undefined ? null : spelled(run);
  if (value === null) return null;
  if (point === undefined) return { value, rest, isWhole: true };
  const behind = Array.from(point, (sign) => digits.indexOf(sign)).join("");
  return { value: plus(value, { n: BigInt(behind), d: 10n ** BigInt(behind.length) }), rest, isWhole: false };
}

function spelled(run: string): Rational | null {
  if (/^[零一二三四五六七八九]+$/.test(run)) {
    // Two or three digits in a row are "three or four"; four are a year.
    if (run.length > 1 && run.length < 4) return null;
    return whole(BigInt(Array.from(run, (sign) => digits.indexOf(sign)).join("")));
  }
  const [, hundredMillions, tenThousands, ones] = /^(?:([^亿]+)亿)?零?(?:([^亿万]+)万)?(零?[^亿万]*)$/.exec(run) ?? [];
  if (ones === undefined) return null;
  const isFirst = hundredMillions === undefined && tenThousands === undefined;
  // "两万五" is 25,000 in short.
  if (!isFirst && /^[一二三四五六七八九]$/.test(ones)) return null;
  const read = (part: string | undefined) => (part === undefined ? 0 : belowTenThousand(part));
  const high = read(hundredMillions);
  const middle = read(tenThousands);
  const low = read(ones === "" ? undefined : ones.replace(/^零/, ""));
  if (high === null || middle === null || low === null) return null;
  return whole(BigInt(high) * 100_000_000n + BigInt(middle) * 10_000n + BigInt(low));
}

function belowTenThousand(run: string): number | null {
  const match =
    /^(?:([一二三四五六七八九])千)?(零(?=.))?(?:([一二三四五六七八九])百)?(零(?=.))?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?$/.exec(
      run,
    );
  if (!match || run === "") return null;
  const [, thousands, , hundreds, , tens, ten, ones] = match;
  const value = (sign: string | undefined) => (sign === undefined ? 0 : digits.indexOf(sign));
  // "一百五" is 150 in short, "一百零五" is 105.
  if (
    ones !== undefined &&
    ten === undefined &&
    (hundreds !== undefined || thousands !== undefined) &&
    !/零[^零]$/.test(run)
  )
    return null;
  if (thousands !== undefined && hundreds === undefined && ten !== undefined && !run.includes("零")) return null;
  return (
    value(thousands) * 1000 +
    value(hundreds) * 100 +
    (ten ? 10 * (tens === undefined ? 1 : value(tens)) : 0) +
    value(ones)
  );
}

/** Counting words, and nouns behind them; others ("多", "左右", "分", "月") change what is said. */
const counted =
  /^(?:[个只條条人元岁张張本辆輛头頭匹朵棵件块塊台把支位名](?:(?![不没多余餘几幾半到至或约約以左上下倍成折])\p{Script=Han}){0,4})?$/u;

/** Whether what stands behind a number only says what is counted. */
export const isCountedInChinese = (rest: string): boolean => counted.test(rest.trim());
