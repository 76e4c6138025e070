type Numbers = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Numbers by the hundred thousand, one after another. */
export class Column<T extends Numbers> {
  #values: T;
  size = 0;

  /** @param make  an array of so many zeros */
  constructor(readonly make: (length: number) => T) {
    this.#values = make(1024);
  }

  push(value: number): void {
    if (this.size === this.#values.length) {
      const wider = this.make(2 * this.size);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.size++] = value;
  }

  /** The array that holds them; those from `size` on mean nothing. Another one once more are added. */
  get values(): T {
    return this.#values;
  }

  /** Only these stay. @param rows  in rising order */
  keep(rows: Uint32Array): void {
    for (const [at, row] of rows.entries()) this.#values[at] = this.#values[row]!;
    this.size = rows.length;
  }
}

export const doubles = (): Column<Float64Array> => new Column((length) => new Float64Array(length));
export const longs = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));
export const shorts = (): Column<Uint16Array> => new Column((length) => new Uint16Array(length));
export const bytes = (): Column<Uint8Array> => new Column((length) => new Uint8Array(length));

/** Texts of which there are few, by a number each. */
export class Names {
  readonly list: string[] = [];
  readonly #codes = new Map<string, number>();

  /** @param most  further ones are all counted as the last */
  constructor(readonly most: number) {}

  codeOf(name: string): number {
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    if (this.list.length === this.most) return this.most - 1;
    this.#codes.set(name, this.list.length);
    return this.list.push(name) - 1;
  }
}
