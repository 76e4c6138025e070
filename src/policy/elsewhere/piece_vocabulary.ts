import type { Vocabulary } from "../vocabulary.ts";

/** Tokens that stand around turns and pictures: chats write them, and nobody else. */
const specials = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"];
/** Tokens that are text to everybody who decodes. */
const marks = ["<tool_call>", "</tool_call>"];

const specialPattern = new RegExp(
  `(${[...specials, ...marks].map((token) => token.replace(/[|/]/g, "\\$&")).join("|")})`,
);
/** A word with the white space before it. */
const word = /\s*\S+|\s+/g;

/**
 * Numbers for pieces of text, where a model's own token ids are not known: each new piece gets the next number. What a
 * server reports as its tokens are pieces; other text is cut at words. The numbers mean nothing outside of this object,
 * so whatever is kept of a rollout has the texts beside them.
 */
export class PieceVocabulary implements Vocabulary {
  readonly #ids = new Map<string, number>();
  /** UTF-8: a token may end within a character. */
  readonly #bytes: Uint8Array[] = [];
  readonly #encoder = new TextEncoder();

  constructor() {
    for (const token of [...specials, ...marks]) this.add(token);
  }

  get largestId(): number {
    return this.#bytes.length - 1;
  }

  /** The number of a piece; `bytes` where its text alone does not say them. */
  add(text: string, bytes: Uint8Array = this.#encoder.encode(text)): number {
    const key = String.fromCharCode(...bytes);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#bytes.push(bytes);
    this.#ids.set(key, this.#bytes.length - 1);
    return this.#bytes.length - 1;
  }

  encode(text: string): number[] {
    return text
      .split(specialPattern)
      .flatMap((part) => (specials.includes(part) || marks.includes(part) ? [part] : (part.match(word) ?? [])))
      .map((piece) => this.add(piece));
  }

  decode(ids: readonly number[], { withoutSpecial = false }: { withoutSpecial?: boolean } = {}): string {
    const kept = ids.filter((id) => !withoutSpecial || !this.isSpecial(id)).map((id) => this.#bytes[id] ?? unknown);
    const all = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const bytes of kept) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return new TextDecoder().decode(all);
  }

  text(id: number): string {
    return this.decode([id]);
  }

  texts(ids: readonly number[]): string[] {
    return ids.map((id) => this.text(id));
  }

  isSpecial(id: number): boolean {
    return id < specials.length;
  }

  find(token: string): number | null {
    return this.#ids.get(String.fromCharCode(...this.#encoder.encode(token))) ?? null;
  }

  id(token: string): number {
    return this.add(token);
  }
}

const unknown = new TextEncoder().encode("\uFFFD");
