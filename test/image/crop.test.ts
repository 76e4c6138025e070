import { describe, expect, it } from "vitest";
import { crop } from "../../src/image/crop.ts";
import type { Box } from "../../src/image/pixels.ts";

/** Levels say where they are: red the column, green the row. */
const picture = {
  width: 4,
  height: 3,
  data: Uint8Array.from({ length: 36 }, (_, i) => [Math.floor(i / 3) % 4, Math.floor(i / 12), 7][i % 3] ?? 0),
};

describe("crop", () => {
  it("cuts out what the box says", () => {
    expect(crop(picture, [1, 1, 3, 3])).toEqual({
      width: 2,
      height: 2,
      data: Uint8Array.from([1, 1, 7, 2, 1, 7, 1, 2, 7, 2, 2, 7]),
    });
  });

  it("gives a copy of the whole", () => {
    const whole = crop(picture, [0, 0, 4, 3]);
    expect(whole).toEqual(picture);
    expect(whole.data.buffer).not.toBe(picture.data.buffer);
  });

  it.each<[Box]>([[[0, 0, 5, 3]], [[-1, 0, 2, 2]], [[2, 1, 2, 3]], [[0, 2, 3, 1]], [[0.5, 0, 2, 2]]])(
    "refuses %j",
    (box) => {
      expect(() => crop(picture, box)).toThrow(`inside the 4 x 3 picture, found [${box.join(", ")}]`);
    },
  );
});
