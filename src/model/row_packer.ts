import { noIndex } from "../gpu/tensor.ts";
import type { RopePositions } from "./positions.ts";
import type { TextRowValues } from "./text_rows.ts";
import type { InputImage } from "./vision_rows.ts";

/** Tokens that follow each other, the pictures in them, and where they stand. */
export interface PlacedTokens {
  tokens: readonly number[];
  images: readonly InputImage[];
  /** Left out where they were appended to the packer's rows already. */
  positions?: Pick<RopePositions, "t" | "h" | "w">;
}

/**
 * Packs pieces of text with pictures one after another into the rows of one pass, of a prefill as of an update. Pictures come in
 * the order of their tokens, so that image tokens are the rows of the vision tower's output in order.
 */
export class RowPacker {
  readonly rows = {
    tokens: [] as number[],
    imageRows: [] as number[],
    t: [] as number[],
    h: [] as number[],
    w: [] as number[],
    querySpans: [] as number[],
    keySpans: [] as number[],
    cacheRows: [] as number[],
  } satisfies TextRowValues;
  readonly images: InputImage[] = [];
  #imageRows = 0;

  constructor(readonly imageTokenId: number) {}

  get length(): number {
    return this.rows.tokens.length;
  }

  /** @returns the first row of the piece, and the one after its last */
  put({ tokens, images, positions }: PlacedTokens): [first: number, end: number] {
    const { rows } = this;
    const first = this.length;
    const { imageTokenId } = this;
    if (positions) for (const axis of ["t", "h", "w"] as const) for (const p of positions[axis]) rows[axis].push(p);
    for (const token of tokens) {
      const isImage = token === imageTokenId;
      rows.tokens.push(isImage ? noIndex : token);
      rows.imageRows.push(isImage ? this.#imageRows++ : noIndex);
    }
    this.images.push(...images);
    return [first, this.length];
  }
}
