import type { ByteSource } from "../byte_source.ts";

/** A failed read: a fault of the disk or the network, not of the file. */
export class NotRead extends Error {}

/** The same source; failed reads throw NotRead. */
export const noting = (source: ByteSource): ByteSource => ({
  name: source.name,
  sizeBytes: source.sizeBytes,
  read: (startByte, endByte) =>
    source.read(startByte, endByte).catch((error: Error) => {
      throw new NotRead(error.message, { cause: error });
    }),
});

/** The error's own message; the JavaScript engine's, about offsets and undefined, does not help a person. */
export function reason(error: unknown): string {
  const isEngines = error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError;
  return isEngines || /undefined/.test((error as Error).message)
    ? "a number in it is wrong, or it ends too early"
    : (error as Error).message;
}

/** Bytes of a column of a fixed length that are written out as numbers; of longer ones only the number is stored. */
const mostBytesQuoted = 4096;

/** A value as plain JSON: whole numbers of 64 bits as numbers where they fit, text where not; dates as text. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value) && value.byteLength > mostBytesQuoted) return `(${value.byteLength} bytes)`;
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value ?? null;
}

/** Bytes in a value: a list of structs, a struct, or bytes themselves. */
export function blobsIn(value: unknown): (Uint8Array | null)[] {
  if (value === null || value === undefined) return [];
  if (value instanceof Uint8Array) return [value];
  if (Array.isArray(value))
    return value.flatMap((item) => {
      const found = blobsIn(item);
      return found.length > 0 ? found : [null];
    });
  return Object.values(value as object).flatMap(blobsIn);
}

export const bytesIn = (rows: readonly unknown[]): number =>
  rows.reduce<number>((sum, row) => sum + blobsIn(row).reduce((bytes, blob) => bytes + (blob?.length ?? 0), 0), 0);
