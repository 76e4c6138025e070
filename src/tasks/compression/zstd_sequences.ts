import { damaged, oneSymbol, readStateCode, type StateCode, stateCode } from "./zstd_codes.ts";

/** A number of extra bits and what they are added to, for each symbol of a length. */
interface Lengths {
  base: Uint32Array;
  bits: Uint8Array;
}

/** Each symbol's values begin where those of the one before end. */
function lengthsOf(first: number, bits: readonly number[]): Lengths {
  const base = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) base[i] = i === 0 ? first : base[i - 1]! + 2 ** bits[i - 1]!;
  return { base, bits: Uint8Array.from(bits) };
}

const zeros = (count: number): number[] => new Array(count).fill(0);
export const literalLengths = lengthsOf(0, [
  ...zeros(16),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
]);
export const matchLengths = lengthsOf(3, [
  ...[...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);

/** The three codes of sequences in the order in which they are described: section 3.1.1.3.2.2 and appendix A. */
const kinds = {
  literals: {
    largestLog: 9,
    symbols: 36,
    usual: stateCode(
      [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
      6,
    ),
  },
  // An offset of 2 ** 31 and more reaches behind any page.
  offsets: {
    largestLog: 8,
    symbols: 31,
    usual: stateCode([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
  },
  matches: {
    largestLog: 9,
    symbols: 53,
    usual: stateCode([1, 4, 3, 2, 2, 2, 2, 2, 2, ...new Array(37).fill(1), ...new Array(7).fill(-1)], 6),
  },
};
export type Kind = keyof typeof kinds;

/** The codes of a frame's sequences, each of which a later block may use again. */
export class SequenceCodes {
  readonly #last: Record<Kind, StateCode | null> = { literals: null, offsets: null, matches: null };

  /**
   * @param mode how the code is described: the usual one, one symbol, at length, as before
   * @returns the code, and how many bytes described it
   */
  read(kind: Kind, mode: number, bytes: Uint8Array): { code: StateCode; bytes: number } {
    const { largestLog, symbols, usual } = kinds[kind];
    if (mode === 2) {
      const read = readStateCode(bytes, largestLog, symbols);
      this.#last[kind] = read.code;
      return read;
    }
    if (mode === 1) {
      const symbol = bytes[0] ?? symbols;
      if (symbol >= symbols) throw damaged("holds an unknown symbol");
      this.#last[kind] = oneSymbol(symbol);
    } else if (mode === 0) this.#last[kind] = usual;
    const code = this.#last[kind];
    if (!code) throw damaged("uses a code that was not described");
    return { code, bytes: mode === 1 ? 1 : 0 };
  }
}

/**
 * Section 3.1.1.5: the values 1 to 3 are offsets that were used before, counted otherwise where no literal stands between
 * two matches.
 */
export class RecentOffsets {
  #first = 1;
  #second = 4;
  #third = 8;

  offset(said: number, isBare: boolean): number {
    const which = said > 3 ? 0 : said + (isBare ? 1 : 0);
    if (which === 1) return this.#first;
    const offset = [said - 3, 0, this.#second, this.#third, this.#first - 1][which]!;
    if (offset === 0) throw damaged("refers to what stands before it");
    if (which !== 2) this.#third = this.#second;
    this.#second = this.#first;
    this.#first = offset;
    return offset;
  }
}
