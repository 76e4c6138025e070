import { withoutLatex } from "./latex.ts";
import { onLine, raised } from "./raised_signs.ts";

/** First digits of the scripts that write decimals in another way and that NFKC leaves alone. */
const noughts = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
  0x17e0, 0x1810,
];

function asciiDigit(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const first = noughts.find((nought) => code >= nought && code < nought + 10);
  return first === undefined ? sign : String(code - first);
}

/** Each says the same in signs that the rules know. The order counts. */
const typography: readonly [RegExp, string | ((...parts: string[]) => string)][] = [
  // Signs of a product, a list and a sum that are not seen: without them 2·3 would be 23.
  [/\u2062/g, "*"],
  [/\u2063/g, ","],
  [/\u2064/g, "+"],
  [/\p{Cf}|\p{Default_Ignorable_Code_Point}|\u20e3/gu, ""],
  [/\u212a/g, " kelvin"],
  [/([⁰¹²³⁴-⁹]+)[⁄/]([₀-₉]+)/g, (_, above, below) => ` ${onLine(above)}/${onLine(below)}`],
  // 1½ would become 11/2.
  [/[\u00bc-\u00be\u2150-\u215e\u2189]/g, (sign) => ` ${sign.normalize("NFKC").replace("⁄", "/")}`],
  [new RegExp(`[${raised}]+`, "g"), (run) => `^(${onLine(run)})`],
  [/(?<=\p{L})[₀-₎]+/gu, onLine],
  [/[₀-₎]+/g, (run) => `_(${onLine(run)})`],
  // A ring, and the Spanish ordinal, where a degree is meant.
  [/(?<=\d\s*)[˚º∘]/g, "°"],
  [/[‘’‚‛ʼ´ʹ]|(?<=\d\s?)′|(?<=\p{L})`(?=\p{L})/gu, "'"],
  [/[“”„‟«»「」『』《》〈〉]|(?<=\d\s?)″/g, '"'],
  [/[‐‑‒–—―−﹣－]/g, "-"],
  [/[。｡]/g, "."],
  [/、/g, ","],
  [/[【〔]/g, "("],
  [/[】〕]/g, ")"],
  [/\u066a/g, "%"],
  [/\u066b/g, "."],
  [/\u066c/g, ","],
  [/⁄|∕/g, "/"],
  // Two of these side by side are two numbers.
  [/[\u2460-\u249b\u24ea]/g, (sign) => ` ${sign} `],
  [/\p{Nd}/gu, asciiDigit],
];

/**
 * A text as it is read: without what is not seen, quotation marks, dashes and digits of one kind, superscripts as
 * powers ("10³" is "10^(3)", never "103"), NFKC, single blanks. Capitals stay: 5M is not 5 m.
 */
export function readable(text: string): string {
  let out = text;
  for (const [from, to] of typography) out = out.replace(from, to as string);
  return blanks(out.normalize("NFKC").replace(/[‘’]/g, "'"));
}

const blanks = (text: string): string => text.replace(/\s+/g, " ").trim();

const preambles: readonly RegExp[] = [
  /^(?:(?:so|thus|therefore|hence),? )?(?:the |my )?(?:(?:final|correct|right|best) )*(?:answer|result)(?: is| would be|:| =)+:? ?(?=\S)/i,
  /^(?:(?:因此|所以|故|综上),? ?)?(?:我的|本题)?(?:正确|最终)?的?答案(?:应该|应)?(?:[是为]:? ?|: ?)(?=\S)/,
];

/** The same without marks of layout (Markdown, LaTeX), quotation marks round the whole, and "The answer is". */
export function plainAnswer(text: string): string {
  let out = withoutLatex(readable(text));
  for (let before = ""; before !== out; ) {
    before = out;
    out = blanks(
      out
        // Not 2**3**2.
        .replace(/(?<![\p{L}\p{N})*])(\*\*|__)(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?![\p{L}\p{N}(*])/gu, "$2")
        .replace(/^[*_]([^*_]+)[*_]$/, "$1")
        .replace(/^#+ /, "")
        .replace(/^(`+)([^`]+)\1$/, "$2")
        .replace(/^"([^"]*)"([.!]?)$/, "$1$2")
        .replace(/^'([^']*)'([.!]?)$/, "$1$2"),
    );
    for (const preamble of preambles) out = out.replace(preamble, "");
  }
  return out;
}

/** Whether signs turn the order of what is shown: then what a person would read is unknown. */
export const turnsOrder = (text: string): boolean => /[\u202a-\u202e\u2066-\u2069]/.test(text);
