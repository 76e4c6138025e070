import { sha256 } from "../sha256.ts";
import type { Row } from "./row.ts";

/**
 * Bytes of pictures that are read to compare them, a few seconds from a disk. Where thousands of rows ask the same, what
 * is left then is not compared.
 */
const mostPictureBytes = 2 ** 29;

/**
 * Finds rows that stand among others a second time: the same question, answer and pictures, wherever they come from.
 * The texts of `among` are read once, when it is first asked; pictures only where the texts are the same.
 */
export function rowTwins(
  among: readonly number[],
  rowAt: (row: number) => Promise<Row>,
  mostBytes = mostPictureBytes,
): {
  /** Null where that would take too many pictures to be read. */
  has(row: number): Promise<boolean | null>;
} {
  let byText: Promise<Map<string, number[]>> | null = null;
  let readBytes = 0;
  const pictures = new Map<number, Promise<string>>();
  const known = new Map<number, Promise<boolean | null>>();
  const picturesOf = (row: number): Promise<string> => {
    const found = pictures.get(row) ?? picturesKey(row);
    pictures.set(row, found);
    return found;
  };
  const picturesKey = async (row: number): Promise<string> => {
    try {
      const files = await (await rowAt(row)).pictures();
      for (const { length } of files) readBytes += length;
      return (await Promise.all(files.map(sha256))).join();
    } catch {
      // A row without its pictures cannot be trained on.
      return `row ${row}`;
    }
  };
  const index = async (): Promise<Map<string, number[]>> => {
    const found = new Map<string, number[]>();
    for (const row of among) {
      const key = await textKey(rowAt, row);
      if (key === null) continue;
      const rows = found.get(key);
      if (rows) rows.push(row);
      else found.set(key, [row]);
    }
    return found;
  };
  const compare = async (row: number): Promise<boolean | null> => {
    const key = await textKey(rowAt, row);
    if (key === null) return false;
    byText ??= index();
    let isCertain = true;
    for (const other of (await byText).get(key) ?? []) {
      if (readBytes >= mostBytes && !(pictures.has(other) && pictures.has(row))) isCertain = false;
      else if ((await picturesOf(other)) === (await picturesOf(row))) return true;
    }
    return isCertain ? false : null;
  };
  return {
    has: (row) => {
      const found = known.get(row) ?? compare(row);
      known.set(row, found);
      return found;
    },
  };
}

/** null where a row cannot be read, and so is never trained on. */
async function textKey(rowAt: (row: number) => Promise<Row>, row: number): Promise<string | null> {
  try {
    const { question, answer } = await rowAt(row);
    return JSON.stringify(
      [question, answer].map((text) => text.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase()),
    );
  } catch {
    return null;
  }
}
