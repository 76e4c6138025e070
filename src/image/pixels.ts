/** A picture in memory: 8-bit RGB, rows from the top, no padding; `data` is (height, width, 3). */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

/** [left, top, right, bottom), in pixels of the frame that the variable's name says. */
export type Box = [left: number, top: number, right: number, bottom: number];
