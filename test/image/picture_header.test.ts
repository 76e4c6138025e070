import { describe, expect, test } from "vitest";
import { decode } from "../../src/image/decode.ts";
import { pictureHeader } from "../../src/image/picture_header.ts";
import { openRows } from "../support/data_files.ts";

const rows = await openRows("vstar");

describe("a header says what the whole file turns out to be", () => {
  test.each([
    [1, "JPEG", "RGB", 6],
    [2, "JPEG", "L", 1],
    [3, "JPEG", "CMYK", 1],
    [4, "PNG", "RGBA", 1],
    [5, "PNG", "P", 1],
    [6, "PNG", "LA", 1],
    [7, "PNG", "I;16", 1],
    [8, "WEBP", "RGB", 1],
    [9, "WEBP", "RGBA", 1],
    [10, "WEBP", "RGB", 1],
  ])("row %i: %s %s", async (index, format, mode, orientation) => {
    const [bytes] = await (await rows.row(index)).pictures();
    const header = pictureHeader(bytes!);
    expect(header).toMatchObject({ format, mode, orientation });
    const { width, height, isRgba } = await decode(bytes!);
    expect([header.width, header.height]).toEqual([width, height]);
    expect(isRgba).toBe(mode === "RGBA");
  });
});

test("a WebP that lies about its size is refused", async () => {
  const [bytes] = await (await rows.row(8)).pictures();
  const lying = bytes!.slice();
  // VP8 behind RIFF and the chunk's header: tag of 3 bytes, sync code of 3, width, height.
  new DataView(lying.buffer).setUint16(26, 16_000, true);
  new DataView(lying.buffer).setUint16(28, 16_000, true);
  expect(() => pictureHeader(lying)).toThrow(/at most 178,956,970 pixels.+16000 x 16000/);
  const cut = bytes!.slice(0, 25);
  expect(() => pictureHeader(cut)).toThrow("This WebP gives no size; the file is not whole");
  await expect(decode(bytes!.slice(0, 60))).rejects.toThrow(/This WebP/);
});
