import type { Row } from "./row.ts";

/**
 * Finds rows that stand among others a second time: the same question, answer and pictures, wherever they come from.
 * The texts of `among` are read once, when it is first asked; pictures only where the texts are the same.
 */
export function rowTwins(
  among: readonly number[],
  rowAt: (row: number) => Promise<Row>,
): { has(row: number): Promise<boolean> } {
  let byText: Promise<Map<string, number[]>> | null = null;
  const pictures = new Map<number, Promise<string>>();
  const picturesOf = (row: number): Promise<string> => {
    let found = pictures.get(row);
    if (!found) {
      found = picturesKey(row);
      pictures.set(row, found);
    }
    return found;
  };
  const picturesKey = async (row: number): Promise<string> => {
    try {
      const files = await (await rowAt(row)).pictures();
      const hashes = await Promise.all(
        files.map((bytes) => crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)),
      );
      return hashes.map((hash) => new Uint8Array(hash).join(",")).join(";");
    } catch {
      // A row without its pictures cannot be trained on.
      return `row ${row}`;
    }
  };
  const index = async (): Promise<Map<string, number[]>> => {
    const found = new Map<string, number[]>();
    for (const row of among) {
      const key = await textKey(rowAt, row);
      if (key !== null) found.set(key, [...(found.get(key) ?? []), row]);
    }
    return found;
  };
  return {
    has: async (row) => {
      const key = await textKey(rowAt, row);
      if (key === null) return false;
      byText ??= index();
      for (const other of (await byText).get(key) ?? [])
        if ((await picturesOf(other)) === (await picturesOf(row))) return true;
      return false;
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
