/** What the numbers of a place in a picture mean that a model writes: thousandths of its sides, or pixels of the model's input. */
export type CoordinateFrame = "relative-1000" | "input-pixels";
