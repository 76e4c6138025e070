import { PatternError } from "./pattern.ts";

const maxLength = 20_000;
const maxDepth = 100;

/** Reads the text of a pattern. */
export class PatternReader {
  readonly #source: string;
  #at = 0;

  /** @throws PatternError where the pattern is longer than any that a model has */
  constructor(source: string) {
    if (source.length > maxLength) throw new PatternError(`it is longer than ${maxLength} characters`);
    this.#source = source;
  }

  get isDone(): boolean {
    return this.#at >= this.#source.length;
  }

  at(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  take(text: string): boolean {
    if (!this.at(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** The next character, a pair of surrogates as one. @throws PatternError at the end */
  next(): string {
    if (this.isDone) throw new PatternError("it ends too early");
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    this.#at += character.length;
    return character;
  }

  /** The match of `pattern` (which begins with ^) here, if any. */
  look(pattern: RegExp): RegExpExecArray | null {
    return pattern.exec(this.#source.slice(this.#at));
  }

  skip(length: number): void {
    this.#at += length;
  }

  rest(length: number): string {
    return this.#source.slice(this.#at, this.#at + length);
  }

  checkDepth(depth: number): void {
    if (depth > maxDepth) throw new PatternError(`it is nested more than ${maxDepth} deep`);
  }
}
