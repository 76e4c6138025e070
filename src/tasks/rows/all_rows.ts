import type { RowSource } from "./row.ts";

/** A row among those of several files. */
export interface RowPlace {
  source: RowSource;
  /** In its file. */
  index: number;
  /** "NAME/INDEX", which tasks are named by. */
  id: string;
}

/** The rows of several files as one list, numbered from 0. */
export class AllRows {
  readonly count: number;
  readonly names: readonly string[];
  readonly #files: readonly { source: RowSource; first: number }[];

  /** @throws Error with one sentence where there are none, or where two files have one name */
  constructor(sources: readonly RowSource[]) {
    let count = 0;
    this.#files = sources.map((source) => {
      const first = count;
      count += source.rows;
      return { source, first };
    });
    this.count = count;
    this.names = sources.map(({ name }) => name);
    if (count === 0) throw new Error("Expected rows to train on, found none");
    if (new Set(this.names).size < this.names.length)
      throw new Error("Two files have the same name; rename one, since tasks are named by it");
  }

  placeOf(row: number): RowPlace {
    const file = this.#files.findLast(({ first }) => first <= row);
    if (!file || row - file.first >= file.source.rows) throw new Error(`Expected a row of ${this.count}, found ${row}`);
    const index = row - file.first;
    return { source: file.source, index, id: `${file.source.name}/${index}` };
  }

  /** The row that a task is named by. @throws Error where there is none */
  rowOf(id: string): number {
    const slash = id.lastIndexOf("/");
    const file = this.#files.find(({ source }) => source.name === id.slice(0, slash));
    const index = Number(id.slice(slash + 1));
    if (!file || !Number.isInteger(index) || index < 0 || index >= file.source.rows)
      throw new Error(`Expected a task of ${this.names.join(", ")} such as "${this.placeOf(0).id}", found "${id}"`);
    return file.first + index;
  }
}
