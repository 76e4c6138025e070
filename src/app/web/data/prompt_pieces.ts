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
  for (const [first, id] of tokens.entries()) {
    const text = texts[first] ?? "";
    const open = pieces.at(-1);
    if (text !== imagePad) pieces.push({ kind: /^<.*>$/.test(text) ? "special" : "text", text, id, tokens: 1, first });
    else if (open?.kind === "image") open.tokens++;
    else pieces.push({ kind: "image", text: "", id, tokens: 1, first });
  }
  for (const piece of pieces) if (piece.kind === "image") piece.text = `⟨image × ${piece.tokens}⟩`;
  return pieces;
}
