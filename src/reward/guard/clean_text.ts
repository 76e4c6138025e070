import { onLine } from "../rules/raised_signs.ts";

/** Escape sequences of terminals: removed as a whole, rather than leaving "[2K" without its escape. */
const escapeSequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[@-Z\\-_])/g;
/** Invisible letters and marks: fillers, variation selectors, joiners, and the blank of Braille. */
const unseen = /[\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * A text as a judge gets it, with nothing in it that is not seen: one spelling of each letter (NFKC), no control and
 * format characters, no half of a pair, nothing that is not a character. Lines stay lines. What NFKC would make another
 * number of is written out first: 5² is 5^2 and no 52, 1½ is 1 1/2 and no 11/2.
 */
export function cleanText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(escapeSequences, "")
      .replace(/[⁰¹²³⁴-⁹⁺-ⁿⁱ]+/g, (run) => `^${onLine(run)}`)
      .replace(/[₀-₎]+/g, (run) => `_${onLine(run)}`)
      .replace(
        /(\d?)([\u00bc-\u00be\u2150-\u215e])/g,
        (_, digit, sign) => `${digit === "" ? "" : `${digit} `}${sign.normalize("NFKC").replace("⁄", "/")}`,
      )
      .normalize("NFKC")
      .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, "\n")
      .replace(unseen, "")
      .replace(/[\p{Cf}\p{Me}\p{Cs}\p{Cn}\p{Co}\ufffd]|(?!\n|\t)\p{Cc}/gu, "")
      // A stack of marks on one letter hides it.
      .replace(/(\p{M}{2})\p{M}+/gu, "$1")
      .replace(/[^\S\n]+/g, " ")
      .replace(/ ?\n ?/g, "\n")
      .trim()
  );
}

/** Letters of other alphabets that look like Latin ones. */
const lookalikes: Record<string, string> = Object.fromEntries(
  (
    "аa вv сc ԁd еe ёe һh нh іi їi јj кk ӏl мm пn оo рp ԛq гr ѕs тt цu ѵv ԝw хx уy ɡg ɑa ıi " +
    "ſs ʏy αa βb εe ηn ιi κk νv οo ρp τt υu χx γy ωw σo օo ոn սu հh ցg զq աw đd øo łl ßss æae œoe ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz"
  )
    .split(" ")
    .map((pair) => [pair.slice(0, 1), pair.slice(1)]),
);
/** Signs that stand for letters within a word: v3rdict, c0rrect. */
const leet: Record<string, string> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};

/** What an escape in a string of JSON, HTML or an address stands for. */
function unescaped(text: string): string {
  const letter = (code: number) => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "");
  return text
    .replace(/\\u(?:\{([0-9a-f]{1,6})\}|([0-9a-f]{4}))/gi, (_, braced, four) =>
      letter(Number.parseInt(braced ?? four, 16)),
    )
    .replace(/\\x([0-9a-f]{2})/gi, (_, hex) => letter(Number.parseInt(hex, 16)))
    .replace(/&#x([0-9a-f]{1,5});/gi, (_, hex) => letter(Number.parseInt(hex, 16)))
    .replace(/&#(\d{1,6});/g, (_, number) => letter(Number(number)))
    .replace(
      /&(quot|apos|lt|gt|amp);/gi,
      (_, name) => ({ quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" })[name.toLowerCase() as "lt"],
    )
    .replace(/%([2-7][0-9a-f])/gi, (_, hex) => letter(Number.parseInt(hex, 16)))
    .replace(/\\(["'\\/])/g, "$1");
}

/** Without accents, and every lookalike as the Latin letter that it looks like. */
const folded = (text: string): string =>
  [...text.normalize("NFD").replace(/(?<=\p{Script=Latin})\p{M}+|(?<=[a-z0-9]\p{M}?)\p{M}+/giu, "")]
    .map((sign) => lookalikes[sign] ?? sign)
    .join("")
    .normalize("NFC");

/**
 * The ways in which a clean text may be read, in lower case: as it stands, without escapes, with lookalikes as Latin
 * letters, with signs that stand for letters, with its letters moved together again ("v e r d i c t"). For checks
 * alone: none of them is sent.
 */
export function readings(clean: string): string[] {
  const plain = clean
    .toLowerCase()
    .replace(/[‘’‛`´]/g, "'")
    .replace(/[“”„«»]/g, '"');
  const latin = folded(unescaped(plain));
  const letters = latin.replace(/(?<![\p{L}\p{N}])[\p{L}\p{N}@$!]*[a-z][\p{L}\p{N}@$!]*/gu, (word) =>
    /[a-z]{2}|[a-z].?[a-z]/.test(word) && /[0134579@$!](?=[a-z])|(?<=[a-z])[0134579@$](?![\p{N}])/u.test(word)
      ? [...word].map((sign) => leet[sign] ?? sign).join("")
      : word,
  );
  const together = latin.replace(/(?<![\p{L}\p{N}])\p{L}(?:[\s.\-_*·]{1,2}\p{L}(?![\p{L}\p{N}])){3,}/gu, (run) =>
    run
      .replace(/[\s.\-_*·]{2,}/g, " ")
      .replace(/[.\-_*·]/g, "")
      .replace(/(?<=\p{L}) (?=\p{L})/gu, ""),
  );
  return [...new Set([plain, latin, letters, together])];
}
