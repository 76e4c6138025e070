import { Random } from "../../tasks/random.ts";
import {
  letterWritings,
  lookalikes,
  rangeWritings,
  tenthWritings,
  type Writing,
  wholeWritings,
  wordPair,
} from "./rule_writings.ts";

/** Two answers of which it is known whether they are the same. */
export interface RulePair {
  answer: string;
  gold: string;
  /** A rule that says otherwise is wrong; none may be sure. */
  same: boolean;
  /** Both are written plainly: rules must decide. */
  isPlain: boolean;
}

/** What the stream of random numbers is for. */
const purpose = 0x72756c65;

/**
 * The same value in many writings, and other values in similar ones: numbers, ranges, choices, words. The same seed
 * gives the same pairs.
 */
export function* rulePairs(seed: number, count: number): Generator<RulePair> {
  for (let i = 0; i < count; i++) {
    const random = new Random(seed, [purpose, i]);
    yield makers[random.below(makers.length)]!(random, i % 2 === 0);
  }
}

type Maker = (random: Random, same: boolean) => RulePair;

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;
const pair = (a: Writing, b: Writing, same: boolean): RulePair => ({
  answer: a.text,
  gold: b.text,
  same,
  isPlain: a.isPlain && b.isPlain,
});

const letters = Array.from("ABCDEFGHIJ");

/** Small counts, round ones, powers, and any: those that people write in other ways. */
function number(random: Random): number {
  const size = 10 ** random.below(6);
  const ways = [
    () => random.below(30),
    () => random.below(1000),
    () => (1 + random.below(99)) * size * 10,
    () => 10 ** (1 + random.below(8)),
    () => pick(random, [2, 3, 5, 6, 7, 9]) ** (2 + random.below(5)),
    () => random.below(99_999_999),
    () => 1000 + random.below(1100),
  ];
  return pick(random, ways)();
}

/** Other numbers that careless reading takes for n: a digit, a sign, a word or an exponent lost. */
function near(random: Random, n: number): number {
  const text = String(n);
  const others = [
    n + 1,
    n * 10,
    n * 1000,
    Math.floor(n / 10),
    Math.floor(n / 1000),
    Math.abs(n - 1),
    n - (n % 10),
    n % 100,
    Number([...text].reverse().join("")),
    n + 10 ** random.below(6),
    10 ** (n % 9),
    number(random),
  ].filter((other) => other !== n && other < 1e9);
  return pick(random, others);
}

const wholes: Maker = (random, same) => {
  const n = number(random);
  const other = same ? n : near(random, n);
  return pair(pick(random, wholeWritings(n)), pick(random, wholeWritings(other)), same);
};

const tenths: Maker = (random, same) => {
  const n = 1 + random.below(pick(random, [9, 99, 999]));
  const other = same
    ? n
    : pick(
        random,
        [n + 1, n * 10, n + 10, n * 1000].filter((m) => m < 9000),
      );
  return pair(pick(random, tenthWritings(n)), pick(random, tenthWritings(other)), same);
};

const ranges: Maker = (random, same) => {
  const [from, width] = [random.below(200), 1 + random.below(50)];
  // The same difference, and other ends.
  const shift = same ? 0 : pick(random, [1, 2, 10, width]);
  return pair(
    pick(random, rangeWritings(from, from + width)),
    pick(random, rangeWritings(from + shift, from + width + shift)),
    same,
  );
};

const choices: Maker = (random, same) => {
  const first = random.below(letters.length);
  const second = same ? first : (first + 1 + random.below(letters.length - 1)) % letters.length;
  return pair(pick(random, letterWritings(letters[first]!)), pick(random, letterWritings(letters[second]!)), same);
};

const tricks: Maker = (random) => {
  const n = 2 + number(random);
  const plain = wholeWritings(n).filter(({ isPlain }) => isPlain);
  const gold = pick(random, plain).text;
  const answer = pick(random, lookalikes(n));
  return { answer, gold, same: false, isPlain: false };
};

const words: Maker = (random, same) => pair(...wordPair(random, same), same);

/** Units of one dimension, how many of the smallest each is, and their names. */
const scales: readonly (readonly (readonly [size: number, ...names: string[]])[])[] = [
  [
    [1, "mm", "millimeters", "毫米"],
    [10, "cm", "centimetres", "厘米"],
    [1000, "m", "meters", "米"],
    [1_000_000, "km", "kilometers", "公里"],
  ],
  [
    [1, "g", "grams", "克"],
    [1000, "kg", "kilograms", "公斤"],
  ],
  [
    [1, "s", "seconds", "秒"],
    [60, "min", "minutes", "分钟"],
    [3600, "h", "hours", "小时"],
  ],
];

const measures: Maker = (random, same) => {
  const units = pick(random, scales);
  const [a, b] = [pick(random, units), pick(random, units)];
  const value = (1 + random.below(40)) * Math.max(a[0], b[0]);
  // Another amount, or the same number of another unit.
  const other = same ? value : a[0] === b[0] ? value + a[0] : (value / a[0]) * b[0];
  const write = (amount: number, [size, ...names]: readonly [number, ...string[]]) =>
    `${amount / size}${pick(random, ["", " "])}${pick(random, names)}`;
  const [answer, gold] = [write(value, a), write(other, b)];
  return { answer, gold, same, isPlain: true };
};

const dates: Maker = (random, same) => {
  const day = [1990 + random.below(40), 1 + random.below(12), 13 + random.below(15)];
  const other = same ? day : [day[0]!, day[1]!, day[2]! + 1];
  const two = (n: number) => String(n).padStart(2, "0");
  const write = ([year, month, date]: readonly number[]) =>
    pick(random, [
      `${year}-${two(month!)}-${two(date!)}`,
      `${year}/${two(month!)}/${two(date!)}`,
      `${two(date!)}.${two(month!)}.${year}`,
      `${month}/${date}/${year}`,
    ]);
  return { answer: write(day), gold: write(other), same, isPlain: false };
};

/** Layout that changes nothing, one within another. */
const layouts: readonly ((text: string) => string)[] = [
  (text) => `**${text}**`,
  (text) => `\\boxed{${text}}`,
  (text) => `“${text}”`,
  (text) => `The answer is ${text}`,
  (text) => `Answer: ${text}`,
  (text) => `答案：${text}`,
  (text) => `\\text{${text}}`,
  (text) => `\\(${text}\\)`,
  (text) => ` ${text}\u200b\n`,
  (text) => `\`${text}\``,
];

/** The same, laid out. */
function laidOut(random: Random, made: RulePair): RulePair {
  const dress = (text: string) => {
    let out = text;
    for (let i = random.below(3); i > 0; i--) out = pick(random, layouts)(out);
    return out;
  };
  return { ...made, answer: dress(made.answer), gold: made.gold, isPlain: false };
}

const makers: readonly Maker[] = [
  wholes,
  wholes,
  tenths,
  ranges,
  choices,
  tricks,
  tricks,
  words,
  measures,
  dates,
  (random, same) => laidOut(random, pick(random, [wholes, tenths, ranges, choices, words, measures])(random, same)),
];
