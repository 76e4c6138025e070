import { PatternError } from "./pattern.ts";

export interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
  ascii: boolean;
}

const flagNames: Readonly<Record<string, keyof Flags>> = {
  i: "ignoreCase",
  m: "multiline",
  s: "dotAll",
  x: "verbose",
  a: "ascii",
};

export type Test = (point: number) => boolean;

export const isNewline = (point: number | undefined): boolean => point === 10;
const matches = (pattern: RegExp): Test => {
  return (point) => pattern.test(String.fromCodePoint(point));
};
/** str.isspace: what the runtime takes for space, and separators of files, groups, records and units, and NEL. */
const isSpace: Test = (point) =>
  (point >= 0x1c && point <= 0x1f) || point === 0x85 || (point !== 0xfeff && /^\s$/u.test(String.fromCodePoint(point)));
const unicode = { d: matches(/^\p{Nd}$/u), s: isSpace, w: matches(/^[\p{L}\p{N}_]$/u) };
const ascii = { d: matches(/^[0-9]$/), s: matches(/^[ \t\n\r\f\v]$/), w: matches(/^[A-Za-z0-9_]$/) };

export const single: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** What is part of a word; beyond the ends of a text nothing is. */
export function wordOf(flags: Flags): (point: number | undefined) => boolean {
  const { w } = flags.ascii ? ascii : unicode;
  return (point) => point !== undefined && w(point);
}

/** `\d` and the like. */
export function setOf(letter: string, flags: Flags): Test | null {
  const lower = letter.toLowerCase();
  if (lower !== "d" && lower !== "s" && lower !== "w") return null;
  const test = (flags.ascii ? ascii : unicode)[lower];
  return letter === lower ? test : (point) => !test(point);
}

/** A test of characters in either case, where the flags ignore it. */
export function folded(test: Test, { ignoreCase, ascii: isAscii }: Flags): Test {
  if (!ignoreCase) return test;
  return (point) => {
    if (test(point)) return true;
    if (isAscii && point > 127) return false;
    const character = String.fromCodePoint(point);
    return [character.toLowerCase(), character.toUpperCase()].some((other) => {
      const [folded = 0, ...more] = Array.from(other, (one) => one.codePointAt(0) ?? 0);
      return more.length === 0 && !(isAscii && folded > 127) && test(folded);
    });
  };
}

/** @throws PatternError for the flag of bytes */
export function setFlags(flags: Flags, letters: string, value: boolean): void {
  for (const letter of letters) {
    if (letter === "L") throw new PatternError('the flag "L" is for bytes');
    if (letter === "u") flags.ascii = false;
    const name = flagNames[letter];
    if (name) flags[name] = value;
  }
}
