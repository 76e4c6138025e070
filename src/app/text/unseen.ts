/**
 * Characters in untrusted text that are not seen but do something: they turn the order of letters, join or part words,
 * or hide a text within another. They are shown by their numbers, "<U+202E>", in the page and in the terminal alike.
 * What people write is left alone: letters of all scripts, emoji with their joiners, variants and flags, the joiners of
 * Persian and of the Indic scripts.
 */

/**
 * Control, format and lone surrogate characters, breaks of lines and paragraphs, variation selectors, and letters
 * without ink. Numbers of the Arabic and Syriac scripts that count as "format" have ink.
 */
const suspect =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single characters are looked for, also those that join
  /(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Variation_Selector}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/u;

const emoji = String.raw`\p{Extended_Pictographic}[\u{fe0e}\u{fe0f}]?\p{Emoji_Modifier}?`;

/** Sequences in which such characters are at home. */
const ordinary = new RegExp(
  [
    // Families, professions and the like; a keycap; one variant of a sign.
    String.raw`${emoji}(?:\u{200d}${emoji})+`,
    String.raw`[0-9#*]\u{fe0f}?\u{20e3}`,
    String.raw`\p{Extended_Pictographic}[\u{fe0e}\u{fe0f}]`,
    String.raw`\p{Script=Han}[\u{fe00}-\u{fe02}\u{e0100}-\u{e01ef}]`,
    String.raw`\p{Script=Mongolian}[\u{180b}-\u{180d}\u{180f}]`,
    // Flags of parts of a country.
    String.raw`\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}`,
    // Joiners between the letters of scripts that are written with them.
    ...["Arabic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada"].map(joined),
    ...["Malayalam", "Sinhala", "Khmer", "Myanmar", "Mongolian", "Syriac"].map(joined),
  ].join("|"),
  "gu",
);

function joined(script: string): string {
  const letter = String.raw`(?=[\p{L}\p{M}])\p{Script=${script}}`;
  // Several joints share their letters: the one behind is only looked at.
  return String.raw`${letter}[\u{200c}\u{200d}](?=${letter})`;
}

/** A part of a text; `unseen` ones are the names of characters. */
export interface Piece {
  text: string;
  unseen: boolean;
}

/** The text in pieces, in order. Line feeds and tabs are whitespace like others. */
export function unseenPieces(text: string): Piece[] {
  // Nearly every text.
  if (!suspect.test(text)) return [{ text, unseen: false }];
  const pieces: Piece[] = [];
  const put = (piece: string, unseen: boolean) => {
    const last = pieces.at(-1);
    if (last && !last.unseen && !unseen) last.text += piece;
    else pieces.push({ text: piece, unseen });
  };
  let at = 0;
  const between = (part: string) => {
    for (const character of part) {
      if (character === "\n" || character === "\t" || !suspect.test(character)) put(character, false);
      else put(nameOf(character), true);
    }
  };
  for (const { 0: sequence, index } of text.matchAll(ordinary)) {
    between(text.slice(at, index));
    put(sequence, false);
    at = index + sequence.length;
  }
  between(text.slice(at));
  return pieces;
}

/** The text with the names of what is not seen in it, for where marks cannot be shown: a terminal, a title. */
export const withUnseen = (text: string): string =>
  unseenPieces(text)
    .map((piece) => piece.text)
    .join("");

const nameOf = (character: string): string =>
  `<U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}>`;
