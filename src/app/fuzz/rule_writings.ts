import type { Random } from "../../tasks/random.ts";

/** One way to write a value. */
export interface Writing {
  text: string;
  /** Rules must decide between two of these; the other ones they may leave to a judge. */
  isPlain: boolean;
}

const small =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** English words for 0 to 999,999,999. */
function inEnglish(n: number, and: boolean, hyphen: boolean): string {
  if (n < 20) return small[n]!;
  if (n < 100) return tens[Math.floor(n / 10)]! + (n % 10 ? (hyphen ? "-" : " ") + small[n % 10] : "");
  const [size, name] = n < 1000 ? [100, "hundred"] : n < 1e6 ? [1000, "thousand"] : [1e6, "million"];
  const rest = n % size;
  const head = `${inEnglish(Math.floor(n / size), and, hyphen)} ${name}`;
  return rest === 0 ? head : `${head}${and && rest < 100 ? " and" : ""} ${inEnglish(rest, and, hyphen)}`;
}

const chineseDigits = "零一二三四五六七八九";

/** Chinese words for 0 to 99,999,999. */
export function inChinese(n: number): string {
  if (n >= 10_000) {
    const rest = n % 10_000;
    return `${inChinese(Math.floor(n / 10_000))}万${rest === 0 ? "" : (rest < 1000 ? "零" : "") + inChinese(rest)}`;
  }
  if (n >= 10 && n < 20) return `十${n % 10 ? chineseDigits[n % 10] : ""}`;
  let out = "";
  const digits = Array.from(String(n), Number);
  digits.forEach((digit, i) => {
    const place = ["", "十", "百", "千"][digits.length - 1 - i]!;
    if (digit > 0) out += chineseDigits[digit] + place;
    else if (digits.slice(i + 1).some((later) => later > 0) && !out.endsWith("零")) out += "零";
  });
  return out || "零";
}

const grouped = (n: number, mark: string): string => String(n).replace(/\B(?=(\d{3})+$)/g, mark);
const indian = (n: number): string => String(n).replace(/\B(?=(\d{2})*\d{3}$)/g, ",");
const digitsFrom = (n: number, nought: number): string =>
  String(n).replace(/\d/g, (digit) => String.fromCodePoint(nought + Number(digit)));
const superscript = (n: number): string => Array.from(String(n), (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");

const plain = (text: string): Writing => ({ text, isPlain: true });
const odd = (text: string): Writing => ({ text, isPlain: false });

/** Every way we know to write a whole number from 0 on. */
export function wholeWritings(n: number): Writing[] {
  const all = [
    plain(String(n)),
    plain(`${n}.0`),
    odd(`+${n}`),
    plain(`$${n}$`),
    plain(`\\(${n}\\)`),
    plain(`\\boxed{${n}}`),
    plain(`\\text{${n}}`),
    plain(`**${n}**`),
    plain(`${n}.`),
    plain(`“${n}”`),
    plain(`The answer is ${n}.`),
    plain(digitsFrom(n, 0xff10)),
    plain(digitsFrom(n, 0x660)),
    plain(`\u200b${n}`),
    plain(`${n} apples`),
    plain(`${n}个`),
  ];
  if (n < 1e9)
    all.push(
      plain(inEnglish(n, false, false)),
      plain(inEnglish(n, true, true)),
      plain(`${inEnglish(n, false, true)} apples`),
    );
  if (n < 1e8) all.push(plain(inChinese(n)));
  if (n >= 1000)
    all.push(
      (n % 1000 === 0 ? odd : plain)(grouped(n, ",")),
      odd(grouped(n, "\u202f")),
      odd(grouped(n, "'")),
      odd(grouped(n, ".")),
      plain(`${grouped(n, ",")}.00`),
    );
  if (n >= 100_000) all.push(plain(indian(n)));
  if (n > 0 && n % 100 === 0) {
    if (n % 1000 === 0 || n >= 1000)
      all.push(plain(`${n / 1000}K`), odd(`${n / 1000} k`), plain(`${n / 1000} thousand`));
    if (n >= 10_000) all.push(plain(`${n / 10_000}万`));
    if (n >= 100_000)
      all.push(plain(`${n / 1e6}M`), plain(`${n / 1e6} million`), odd(`$${n / 1e6}M`), odd(`${n / 1e6} mn`));
    if (n >= 1e8) all.push(plain(`${n / 1e9}B`), plain(`${n / 1e9}bn`), plain(`${n / 1e8}亿`));
  }
  if (n > 0 && n % 12 === 0) all.push(plain(`${n / 12} dozen`));
  const exponent = /^[1-9]0+$/.test(String(n)) ? String(n).length - 1 : 0;
  if (exponent > 0) {
    const lead = Number(String(n)[0]);
    all.push(
      plain(`${lead}×10${superscript(exponent)}`),
      plain(`${lead}e${exponent}`),
      plain(`${lead} \\times 10^{${exponent}}`),
      plain(`${lead} x 10^${exponent}`),
    );
    if (lead === 1) all.push(plain(`10${superscript(exponent)}`), plain(`10^${exponent}`));
  }
  for (const base of [2, 3, 5, 6, 7, 9]) {
    const power = Math.round(Math.log(Math.max(1, n)) / Math.log(base));
    if (power >= 2 && base ** power === n) all.push(plain(`${base}${superscript(power)}`), plain(`${base}^{${power}}`));
  }
  return all;
}

/** Ways to write tenths from n / 10 on. */
export function tenthWritings(n: number): Writing[] {
  const text = `${Math.floor(n / 10)}.${n % 10}`;
  const all = [
    plain(text),
    plain(`${text}0`),
    plain(`$${text}$`),
    plain(`**${text}**`),
    plain(`\\frac{${n}}{10}`),
    plain(`${n}/10`),
  ];
  if (n < 10) all.push(plain(`.${n}`), plain(`${n * 10}%`), odd(`百分之${inChinese(n * 10)}`));
  if (n % 10 === 5 && n > 10)
    all.push(
      plain(`${Math.floor(n / 10)}½`),
      plain(`${Math.floor(n / 10)} 1/2`),
      plain(`${inEnglish(Math.floor(n / 10), false, true)} and a half`),
    );
  if (n < 1000) all.push(plain(`${inEnglish(Math.floor(n / 10), false, false)} point ${small[n % 10]}`));
  return all;
}

/** Ways to write a range. */
export const rangeWritings = (from: number, to: number): Writing[] => [
  plain(`${from}-${to}`),
  plain(`${from}–${to}`),
  plain(`${from} - ${to}`),
  plain(`${from} to ${to}`),
  plain(`from ${from} to ${to}`),
  plain(`between ${from} and ${to}`),
  odd(`${inEnglish(from, false, true)} to ${inEnglish(to, false, true)}`),
  odd(`$${from}-${to}$`),
  odd(`${from}~${to}`),
];

/** Ways to write the letter of a choice. */
export const letterWritings = (letter: string): Writing[] =>
  [
    letter,
    letter.toLowerCase(),
    `(${letter})`,
    `${letter}.`,
    `${letter}。`,
    `${letter})`,
    `**${letter}**`,
    `\\text{${letter}}`,
    `\\boxed{\\text{${letter}}}`,
    `\\(\\mathrm{${letter}}\\)`,
    `$${letter}$`,
    `“${letter}”`,
    `（${letter}）`,
    `【${letter}】`,
    `选${letter}`,
    `答案是${letter}`,
    `Option ${letter}`,
    `The answer is ${letter}.`,
    `The correct answer is **(${letter})**`,
    `${letter} is correct`,
    String.fromCodePoint(letter.charCodeAt(0) - 65 + 0xff21),
  ].map(plain);

const kinds = {
  yes: ["Yes", "yes.", "YES", "**Yes**", "\\text{Yes}", "$\\text{yes}$", "是", "是的", "“yes”", "对。"],
  no: ["No", "no.", "NO", "**No**", "\\text{No}", "\\boxed{\\text{No}}", "否", "不是", "“no”", "不。"],
  red: ["red", "Red.", "$red$", "\\text{red}", "红色", "红", "红色的", "**red**"],
  blue: ["blue", "Blue.", "$blue$", "\\text{blue}", "蓝色", "蓝", "蓝色的", "**blue**"],
  green: ["green", "Green.", "\\text{green}", "绿色", "绿", "“green”"],
  yellow: ["yellow", "YELLOW", "\\textbf{yellow}", "黄色", "黄", "`yellow`"],
} as const;
const wordGroups: readonly (readonly (keyof typeof kinds)[])[] = [
  ["yes", "no"],
  ["red", "blue", "green", "yellow"],
];

/** Two words of one kind, each in one of its writings. */
export function wordPair(random: Random, same: boolean): [Writing, Writing] {
  const group = wordGroups[random.below(wordGroups.length)]!;
  const first = random.below(group.length);
  const second = same ? first : (first + 1 + random.below(group.length - 1)) % group.length;
  const one = (name: keyof typeof kinds) => plain(kinds[name][random.below(kinds[name].length)]!);
  return [one(group[first]!), one(group[second]!)];
}

/** What looks like the number and is none, or another: no rule may take it for `n`. */
export function lookalikes(n: number): string[] {
  const words = inEnglish(n % 100_000_000, false, false);
  return [
    `${n}-${n + 5}`,
    `${n + 7}-7`,
    `${n + 7} - 7`,
    `7-${n + 7}`,
    `${n} or ${n + 1}`,
    `not ${n}`,
    `about ${n}`,
    `~${n}`,
    `≈ ${n}`,
    `>${n}`,
    `≥ ${n}`,
    `${n}+`,
    `at least ${n}`,
    `${n} or more`,
    `more than ${n}`,
    `±${n}`,
    `${n} million`,
    `${n} trillion`,
    `${n} thousand`,
    `${n}K`,
    `${n}M`,
    `${n}bn`,
    `${n}万`,
    `${n}亿`,
    `${n} dozen`,
    `${n}²`,
    `${n} squared`,
    `${n}x`,
    `${n}i`,
    `${n} of them are wrong`,
    `${n}/7`,
    `${n},5`,
    `${n}-01-02`,
    `${n}:30`,
    `${n} thirty`,
    `${words} million`,
    `${words} thousandths`,
    `minus ${words}`,
    `not ${words}`,
    `第${n}`,
    `${n}左右`,
    `${n}多`,
    `不是${n}`,
    `${n}以上`,
    `${n}分之一`,
    `0x${n}a`,
    `√${n + 1}`,
    `x = ${n}, y = ${n + 1}`,
    `${n}, ${n + 1}`,
    `${n} and ${n + 1}`,
    `\\boxed{${n}} or \\boxed{${n + 1}}`,
    `-${n + 1}`,
    `${n}₈0`,
    `${n}‰`,
  ];
}
