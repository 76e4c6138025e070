/**
 * u32 words one after another. It grows, and its storage is used again after `clear`: rows of a step are packed without new
 * arrays, which cost more than the words in them.
 */
export class WordList {
  #words: Uint32Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 256) {
    this.#words = new Uint32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The words so far; another list's after `clear`, and not this one's any more once it grows. */
  get words(): Uint32Array<ArrayBuffer> {
    return this.#words.subarray(0, this.#length);
  }

  push(word: number): void {
    if (this.#length === this.#words.length) this.#grow();
    this.#words[this.#length++] = word;
  }

  push4(a: number, b: number, c: number, d: number): void {
    if (this.#length + 4 > this.#words.length) this.#grow();
    const words = this.#words;
    const at = this.#length;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.#length = at + 4;
  }

  /** Overwrites a word that is there. */
  set(at: number, word: number): void {
    this.#words[at] = word;
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(): void {
    const more = new Uint32Array(Math.max(8, 2 * this.#words.length));
    more.set(this.#words);
    this.#words = more;
  }
}
