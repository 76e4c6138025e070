import type { RowDetails } from "../../worker_api/data_api.ts";

/** One token of a prompt, or all image tokens of one picture. */
export interface Piece {
  kind: "text" | "special" | "image";
  text: string;
  id: number;
  /** How many tokens it stands for. */
  tokens: number;
  /** Position of the first. */
  first: number;
}

const imagePad = "<|image_pad|>";

/** The prompt with each picture's image tokens as one piece, "⟨image × 143⟩". */
export function foldPictures({ tokens, texts }: NonNullable<RowDetails["prompt"]>): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < tokens.length; ) {
    let to = at + 1;
    if (texts[at] === imagePad) while (texts[to] === imagePad) to++;
    const isImage = texts[at] === imagePad;
    const kind = isImage ? "image" : /^<.*>$/.test(texts[at]!) ? "special" : "text";
    const text = isImage ? `⟨image × ${to - at}⟩` : texts[at]!;
    pieces.push({ kind, text, id: tokens[at]!, tokens: to - at, first: at });
    at = to;
  }
  return pieces;
}
