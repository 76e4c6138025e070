/** What the numbers of a place in a picture mean that a model writes: thousandths of its sides, or pixels of the model's input. */
export type CoordinateFrame = "relative-1000" | "input-pixels";

/** Width and height of a picture in the units of a frame. @param input size of the picture as the model sees it, pixels */
export const frameSize = (frame: CoordinateFrame, input: { width: number; height: number }): [number, number] =>
  frame === "relative-1000" ? [1000, 1000] : [input.width, input.height];
