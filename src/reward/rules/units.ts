import { isNumberWord } from "./number_words.ts";

/** What a unit measures and how much of the dimension's own unit it is. */
const dimensions: Record<string, readonly [factor: number, ...names: string[]][]> = {
  length: [
    [0.001, "mm", "millimeter", "millimetre", "毫米"],
    [0.01, "cm", "centimeter", "centimetre", "厘米", "公分"],
    [1, "m", "meter", "metre", "米"],
    [1000, "km", "kilometer", "kilometre", "公里", "千米"],
    [0.0254, "in", "inch", "inche"],
    [0.3048, "ft", "foot", "feet"],
    [0.9144, "yd", "yard"],
    [1609.344, "mi", "mile"],
  ],
  area: [
    [1e-6, "mm2", "square millimeter", "square millimetre"],
    [1e-4, "cm2", "square centimeter", "square centimetre"],
    [1, "m2", "square meter", "square metre", "平方米"],
    [1e6, "km2", "square kilometer", "square kilometre"],
  ],
  volume: [
    [1e-6, "cm3", "ml", "milliliter", "millilitre", "毫升", "cubic centimeter", "cubic centimetre"],
    [1e-3, "l", "liter", "litre", "升"],
    [1, "m3", "cubic meter", "cubic metre"],
  ],
  mass: [
    [1e-6, "mg", "milligram"],
    [1e-3, "g", "gram", "gramme", "克"],
    [1, "kg", "kilogram", "kilo", "公斤", "千克"],
    [1000, "tonne", "metric ton", "吨"],
    [0.45359237, "lb", "pound"],
  ],
  time: [
    [0.001, "ms", "millisecond"],
    [1, "s", "sec", "second", "秒"],
    [60, "min", "minute", "分钟"],
    [3600, "h", "hr", "hour", "小时"],
    [86400, "day", "天"],
    [604_800, "week"],
  ],
  speed: [
    [1, "m/s"],
    [1 / 3.6, "km/h", "kph"],
    [0.44704, "mph"],
  ],
  share: [
    [1, "%", "percent", "per cent", "pct"],
    [0.1, "‰", "per mille"],
  ],
  angle: [
    [1, "°", "deg", "degree", "度"],
    [180 / Math.PI, "rad", "radian"],
  ],
  dollars: [
    [1, "$", "us$", "usd", "dollar", "us dollar", "美元"],
    [0.01, "cent", "¢"],
  ],
  euros: [[1, "€", "eur", "euro", "欧元"]],
  pounds: [[1, "£", "gbp"]],
  yuan: [[1, "yuan", "rmb", "cny", "元"]],
  yen: [[1, "yen", "jpy"]],
  rupees: [[1, "₹", "rupee", "inr"]],
  yuanOrYen: [[1, "¥"]],
  kelvin: [[1, "kelvin"]],
  pixels: [[1, "px", "pixel"]],
  volts: [[1, "v", "volt"]],
  watts: [
    [1, "w", "watt"],
    [1000, "kw", "kilowatt"],
  ],
  hertz: [[1, "hz", "hertz"]],
  celsius: [[1, "°c", "degree celsius", "celsius", "摄氏度"]],
  fahrenheit: [[1, "°f", "degree fahrenheit", "fahrenheit"]],
};

const table = new Map(
  Object.entries(dimensions).flatMap(([dimension, units]) =>
    units.flatMap(([factor, ...names]) => names.map((name) => [name, { dimension, factor }] as const)),
  ),
);

/** "3 or more", "one of them", "5 squared", "5 past noon": no unit, but another answer. */
const hedges =
  /^(?:or|and|nor|to|of|at|by|for|from|with|without|per|than|as|more|less|fewer|greater|least|most|about|around|approximately|approx|circa|roughly|nearly|almost|ish|odd|exactly|not|no|none|never|neither|non|un|but|except|unless|if|maybe|perhaps|possibly|probably|either|instead|false|wrong|incorrect|unknown|minus|plus|times|divided|multiplied|squared|cubed|cube|square|factorial|root|mod|point|dot|comma|past|after|before|ago|until|till|through|thru|between|below|above|under|over|beyond|up|down|off|short|extra|others?|another|additional|something|some|several|many|few|am|pm|noon|midnight|oclock|bc|ad|ce|bce|st|nd|rd|th|double|triple|twice|doubled|tripled|halved|base|binary|hex|hexadecimal|octal|fold|power|et|und|oder|ou|y|e|vs|versus|x|n|i|k|m|b|t|bn|mn|tn)$/;

export interface Unit {
  dimension: string;
  factor: number;
  /** Whether it is whatever is counted, and not a measure of the table. */
  isCount: boolean;
}

/**
 * The unit that a text is: a known one, or whatever is counted ("dogs"), in the singular. Null for more than three
 * words, which say more than a unit does, and for what changes the number ("squared", "or more").
 * @param text     capitals as written: MW is not mW
 * @param attached whether it stands at the number without a blank
 */
export function unitOf(text: string, attached = false): Unit | null {
  const written = text
    .replace(/\^\(?([23])\)?/g, "$1")
    .replace(/\bdegrees\b/gi, "degree")
    .replace(/[.]$/, "")
    .trim();
  const name = written.toLowerCase();
  const known = table.get(name) ?? table.get(name.replace(/s$/, ""));
  if (known && isWrittenSo(written)) return { ...known, isCount: false };
  if (known) return null;
  const words = name.split(" ");
  if (words.some((word) => hedges.test(word) || isNumberWord(word))) return null;
  // "5x" is not five of something, and "5th" not a fifth.
  if (attached ? name.length < 4 : name.length < 2) return null;
  if (!/^(?!\p{Script=Han})\p{L}+(?: \p{L}+){0,2}$/u.test(name)) return null;
  // Short ones are signs, in which capitals count.
  return { dimension: `count of ${name.length < 4 ? written : name.replace(/s$/, "")}`, factor: 1, isCount: true };
}

/** Mm are not mm: small letters, a capital in front of a long name, all capitals where they mean nothing else. */
function isWrittenSo(written: string): boolean {
  if (written === written.toLowerCase() || written.length > 3) return true;
  if (written.length === 1) return /[VWL]/.test(written);
  return !/^(?:M[MGSWV]|Mm|Mg|Ms|Mi|Kw)$/.test(written);
}

/** What the units of the same dimension measure, in its own unit. */
export const relatedFactors = ({ dimension }: Unit): number[] =>
  (dimensions[dimension] ?? []).map(([factor]) => factor);
