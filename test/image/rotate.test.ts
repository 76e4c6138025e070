import { expect, test } from "vitest";
import { rotate } from "../../src/image/rotate.ts";
import golden from "../golden/rotate/cases.json" with { type: "json" };

test.each(golden.cases)(
  "$width x $height by $degrees degrees, as Pillow",
  ({ width, height, data, degrees, rotated }) => {
    const turned = rotate({ width, height, data: new Uint8Array(data) }, degrees);
    expect({ ...turned, data: [...turned.data] }).toEqual({ width, height, data: rotated });
  },
);
