/** The digits and the capital letters in 5 x 7 dots, rows from the top, a 1 where there is ink. */
const glyphs: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    0: "01110 10001 10011 10101 11001 10001 01110",
    1: "00100 01100 00100 00100 00100 00100 01110",
    2: "01110 10001 00001 00010 00100 01000 11111",
    3: "11111 00010 00100 00010 00001 10001 01110",
    4: "00010 00110 01010 10010 11111 00010 00010",
    5: "11111 10000 11110 00001 00001 10001 01110",
    6: "00110 01000 10000 11110 10001 10001 01110",
    7: "11111 00001 00010 00100 01000 01000 01000",
    8: "01110 10001 10001 01110 10001 10001 01110",
    9: "01110 10001 10001 01111 00001 00010 01100",
    A: "00100 01010 10001 10001 11111 10001 10001",
    B: "11110 10001 10001 11110 10001 10001 11110",
    C: "01110 10001 10000 10000 10000 10001 01110",
    D: "11100 10010 10001 10001 10001 10010 11100",
    E: "11111 10000 10000 11110 10000 10000 11111",
    F: "11111 10000 10000 11110 10000 10000 10000",
    G: "01110 10001 10000 10111 10001 10001 01111",
    H: "10001 10001 10001 11111 10001 10001 10001",
    I: "01110 00100 00100 00100 00100 00100 01110",
    J: "00111 00010 00010 00010 00010 10010 01100",
    K: "10001 10010 10100 11000 10100 10010 10001",
    L: "10000 10000 10000 10000 10000 10000 11111",
    M: "10001 11011 10101 10101 10001 10001 10001",
    N: "10001 11001 11001 10101 10011 10011 10001",
    O: "01110 10001 10001 10001 10001 10001 01110",
    P: "11110 10001 10001 11110 10000 10000 10000",
    Q: "01110 10001 10001 10001 10101 10010 01101",
    R: "11110 10001 10001 11110 10100 10010 10001",
    S: "01111 10000 10000 01110 00001 00001 11110",
    T: "11111 00100 00100 00100 00100 00100 00100",
    U: "10001 10001 10001 10001 10001 10001 01110",
    V: "10001 10001 10001 10001 01010 01010 00100",
    W: "10001 10001 10001 10101 10101 11011 10001",
    X: "10001 01010 00100 00100 00100 01010 10001",
    Y: "10001 10001 01010 00100 00100 00100 00100",
    Z: "11111 00001 00010 00100 01000 10000 11111",
  }).map(([character, rows]) => [character, rows.split(" ")]),
);

const glyphColumns = 5;
export const glyphRows = 7;

/** Columns of dots in a line of text: one stays free between two characters. */
export const textColumns = (text: string): number => Math.max(0, text.length * (glyphColumns + 1) - 1);

/**
 * Whether there is ink at each dot of a line of text: `glyphRows` rows of `textColumns(text)`.
 * @throws Error that names the first character that is neither a digit nor a capital letter
 */
export function textDots(text: string): boolean[][] {
  return Array.from({ length: glyphRows }, (_, row) =>
    [...text].flatMap((character, i) => {
      const dots = glyphs[character]?.[row];
      if (dots === undefined)
        throw new Error(`A scene's text is of digits and capital letters, found ${JSON.stringify(character)}`);
      return [...(i > 0 ? [false] : []), ...[...dots].map((dot) => dot === "1")];
    }),
  );
}
