import { noIndex } from "../gpu/tensor.ts";
import type { RopePositions } from "./positions.ts";
import type { TextRowValues } from "./text_rows.ts";
import type { InputImage } from "./vision_rows.ts";
import { WordList } from "./word_list.ts";

/** Tokens that follow each other, the pictures in them, and where they stand. */
export interface PlacedTokens {
  tokens: readonly number[];
  images: readonly InputImage[];
  /** Left out where they were appended to the packer's rows already. */
  positions?: Pick<RopePositions, "t" | "h" | "w">;
}

/**
 * Packs pieces of text with pictures one after another into the rows of one pass, of a prefill as of an update. Pictures come in
 * the order of their tokens, so that image tokens are the rows of the vision tower's output in order. One packer serves one pass
 * after another: `clear` begins the next.
 */
export class RowPacker {
  readonly rows = {
    tokens: new WordList(),
    imageRows: new WordList(),
    t: new WordList(),
    h: new WordList(),
    w: new WordList(),
    querySpans: new WordList(),
    keySpans: new WordList(),
    cacheRows: new WordList(),
  } satisfies Record<keyof TextRowValues, WordList>;
  images: InputImage[] = [];
  #imageRows = 0;

  constructor(readonly imageTokenId: number) {}

  get length(): number {
    return this.rows.tokens.length;
  }

  /** What was packed, until `clear` or the next piece. */
  get values(): Required<TextRowValues> {
    const { tokens, imageRows, t, h, w, querySpans, keySpans, cacheRows } = this.rows;
    return {
      tokens: tokens.words,
      imageRows: imageRows.words,
      t: t.words,
      h: h.words,
      w: w.words,
      querySpans: querySpans.words,
      keySpans: keySpans.words,
      cacheRows: cacheRows.words,
    };
  }

  clear(): void {
    for (const list of Object.values(this.rows)) list.clear();
    this.images = [];
    this.#imageRows = 0;
  }

  /**
   * @param count  of the tokens; all by default
   * @returns      the first row of the piece, and the one after its last
   */
  put({ tokens, images, positions }: PlacedTokens, count = tokens.length): [first: number, end: number] {
    const { rows, imageTokenId } = this;
    const first = this.length;
    if (positions) {
      const { t, h, w } = positions;
      for (let i = 0; i < t.length; i++) {
        rows.t.push(t[i]!);
        rows.h.push(h[i]!);
        rows.w.push(w[i]!);
      }
    }
    for (let i = 0; i < count; i++) {
      const token = tokens[i]!;
      const isImage = token === imageTokenId;
      rows.tokens.push(isImage ? noIndex : token);
      rows.imageRows.push(isImage ? this.#imageRows++ : noIndex);
    }
    for (const image of images) this.images.push(image);
    return [first, this.length];
  }
}
