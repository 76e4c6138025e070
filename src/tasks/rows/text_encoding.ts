/** Bytes looked at to tell UTF-16 without a mark from text. */
const sampleBytes = 1024;
const mostTextBytes = 2 ** 29;

/**
 * A text file's contents in UTF-8, its byte order mark left out. UTF-16 is read too, with a mark or without one: in text
 * of mostly Latin letters every other byte is zero.
 * @param file for people
 * @throws Error with one sentence where the encoding is another that can be recognized
 */
export function utf8Of(bytes: Uint8Array, file: string): Uint8Array {
  const starts = (...mark: number[]) => mark.every((byte, i) => bytes[i] === byte);
  if (starts(0xef, 0xbb, 0xbf)) return bytes.subarray(3);
  if (starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff)) throw new Error(`${file}: ${found("UTF-32")}`);
  const kind = starts(0xff, 0xfe) ? "utf-16le" : starts(0xfe, 0xff) ? "utf-16be" : unmarked(bytes);
  if (!kind) return bytes;
  if (bytes.length > mostTextBytes) throw new Error(`${file}: ${found("UTF-16")}`);
  try {
    return new TextEncoder().encode(new TextDecoder(kind, { fatal: true }).decode(bytes));
  } catch {
    throw new Error(`${file}: ${found("what looks like UTF-16 and is damaged")}`);
  }
}

/**
 * Text of some bytes in UTF-8. Nothing becomes U+FFFD.
 * @param where for people, e.g. "list.csv, line 3"
 * @throws Error that names the byte, and the encoding that it looks like
 */
export function textOf(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const at = firstWrong(bytes);
    const byte = bytes[at]!.toString(16).padStart(2, "0");
    // Windows-1252 is the likeliest encoding of such a file.
    const as1252 = new TextDecoder("windows-1252").decode(bytes.subarray(Math.max(0, at - 12), at + 12));
    throw new Error(
      `${where}: ${found(`the byte ${byte} where no letter begins (as Windows-1252 or Latin-1 it would read ${JSON.stringify(as1252)})`)}`,
    );
  }
}

const found = (what: string) => `expected text in UTF-8, found ${what}; save the file as UTF-8`;

function unmarked(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  const sample = bytes.subarray(0, Math.min(sampleBytes, bytes.length & ~1));
  const zeros = [0, 0];
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[i & 1]!++;
  const pairs = sample.length / 2;
  if (pairs < 2) return null;
  if (zeros[1]! > pairs / 2 && zeros[0]! < pairs / 8) return "utf-16le";
  return zeros[0]! > pairs / 2 && zeros[1]! < pairs / 8 ? "utf-16be" : null;
}

/** Where the first sequence begins that is not a letter in UTF-8. */
function firstWrong(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!;
    const length = byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
    if (length === 0 || at + length > bytes.length) return at;
    for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return at;
    const second = bytes[at + 1]!;
    // Written longer than need be, halves of pairs, and what lies beyond the last letter.
    if ((byte === 0xe0 && second < 0xa0) || (byte === 0xed && second > 0x9f)) return at;
    if ((byte === 0xf0 && second < 0x90) || (byte === 0xf4 && second > 0x8f)) return at;
    at += length;
  }
  return bytes.length - 1;
}
