/** A cache of what was made last, up to a sum of sizes; what is asked for while it is being made is made once. */
export class Recent<T> {
  readonly #most: number;
  readonly #size: (value: T) => number;
  readonly #made = new Map<string, { value: Promise<T>; size: number }>();
  #sum = 0;

  constructor(most: number, size: (value: T) => number) {
    this.#most = most;
    this.#size = size;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(key);
    if (known) {
      // The newest stand last.
      this.#made.delete(key);
      this.#made.set(key, known);
      return known.value;
    }
    const entry = { value: make(), size: 0 };
    this.#made.set(key, entry);
    entry.value.then(
      (value) => {
        entry.size = this.#size(value);
        this.#sum += entry.size;
        for (const [oldKey, old] of this.#made) {
          if (this.#sum <= this.#most || oldKey === key) break;
          this.#sum -= old.size;
          this.#made.delete(oldKey);
        }
      },
      () => this.#made.delete(key),
    );
    return entry.value;
  }
}
