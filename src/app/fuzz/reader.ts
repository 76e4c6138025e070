/** A part of the product that reads untrusted bytes. */
export interface FuzzedReader {
  /** What is read, e.g. "pictures". */
  name: string;
  /** Whether a file is one that it reads; the real files are what mutations begin from. */
  takes(path: string): boolean;
  /** Further files to begin from, where few or none lie on disk. */
  seeds?: readonly string[];
  /** Makes a case by itself, in the place of a mutation; the same for the same seed and index. */
  make?(seed: number, index: number): string;
  /** Files of lines, each of which is a seed by itself. */
  byLine?: boolean;
  /**
   * Everything that the product would do with such a file, each as a call of its own: what throws in one does not hide
   * the next. `sibling` reads a file beside it.
   */
  calls(bytes: Uint8Array<ArrayBuffer>, path: string, sibling: Sibling): (() => unknown)[];
}

export type Sibling = (name: string) => Promise<Uint8Array<ArrayBuffer> | null>;

/** At most this much of a table is read. */
export const rowsRead = 6;
