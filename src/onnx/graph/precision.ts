import type { ElementType } from "./graph.ts";

/** In what a graph computes, and what its matrices are stored in. */
export interface Precision {
  activations: Extract<ElementType, "float32" | "float16">;
  /** full: as the activations. blocks: 8 bits a number with a scale for each block, read by MatMulNBits. */
  weights: "full" | "blocks";
}

/** Numbers of a row that share a scale. */
export const quantBlock = 32;

/** By transformers.js' names of dtypes, with what it adds to a file's name. */
export const writtenDtypes = {
  fp32: { suffix: "", precision: { activations: "float32", weights: "full" } },
  fp16: { suffix: "_fp16", precision: { activations: "float16", weights: "full" } },
  q8: { suffix: "_quantized", precision: { activations: "float32", weights: "blocks" } },
} as const satisfies Record<string, { suffix: string; precision: Precision }>;

export type WrittenDtype = keyof typeof writtenDtypes;
