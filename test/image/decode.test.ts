import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/app/conformance/outcome.ts";
import { imageParity } from "../../src/app/parity/image_files.ts";
import { convert, decode, decodePixels } from "../../src/image/decode.ts";
import { readBytes } from "../support/png.ts";

const pictures = new URL("../golden/pictures/", import.meta.url);
const read = (name: string) => readBytes(new URL(name, pictures));

describe("decode() gives the pixels of Pillow", async () => {
  const outcomes: Outcome[] = [];
  for await (const outcome of imageParity(read)) outcomes.push(outcome);

  test("of PNG and JPEG files, converted in four ways", () => {
    const decoded = outcomes.filter(({ quantity }) => /rgb|white|paste|upright/.test(quantity));
    expect(decoded.length).toBe(36 * 4);
    expect(decoded.filter(({ passed }) => !passed)).toEqual([]);
  });

  test("bit for bit, JPEG too", () => {
    expect(Math.max(...outcomes.map(({ error = 0 }) => error))).toBe(0);
  });

  test("before and after resizing, whole processors included", () => {
    expect(outcomes.some(({ quantity }) => quantity === "PNG, whole processor")).toBe(true);
    expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
  });
});

describe("decode() refuses", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);

  test("a PNG whose header promises more pixels than anyone should allocate", async () => {
    const bytes = (await read("files/one-pixel.png")).slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(16, 50_000);
    view.setUint32(20, 50_000);
    view.setUint32(29, crc(bytes.subarray(12, 29)));
    await expect(decode(bytes)).rejects.toThrow(/at most 178,956,970 pixels, found a header that says 50000 x 50000/);
    view.setUint32(16, 13_000);
    view.setUint32(20, 13_000);
    view.setUint32(29, crc(bytes.subarray(12, 29)));
    await expect(decode(bytes)).rejects.toThrow(/13000 x 13000 pixels large, too many for its/);
  });

  test("a JPEG whose header promises more than the file can hold", async () => {
    const bytes = (await read("files/jpeg-gray.jpg")).slice();
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    new DataView(bytes.buffer).setUint16(frame + 5, 50_000);
    new DataView(bytes.buffer).setUint16(frame + 7, 50_000);
    await expect(decode(bytes)).rejects.toThrow(/at most 178,956,970 pixels/);
    new DataView(bytes.buffer).setUint16(frame + 5, 10_000);
    new DataView(bytes.buffer).setUint16(frame + 7, 10_000);
    await expect(decode(bytes)).rejects.toThrow(/too many for its \d+ bytes/);
  });

  test.each([
    ['<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', /found SVG/],
    ["GIF89a\x01\x00\x01\x00", /found a GIF/],
    ["RIFF\x10\x00\x00\x00WEBPVP8 ", /This WebP gives no size/],
    ["", /found an empty file/],
    ["hello", /begins with the bytes 68 65 6c 6c/],
  ])("what is neither: %j", async (text, message) => {
    await expect(decode(ascii(text))).rejects.toThrow(message);
  });

  test.each(["rgb.png", "rgb-interlaced.png", "palette.png", "jpeg-420.jpg", "jpeg-progressive.jpg"])(
    "%s cut anywhere, with a sentence",
    async (name) => {
      const bytes = await read(`files/${name}`);
      // The last bytes of a PNG are its IEND chunk and a check sum, which the pixels do not need.
      const needed = bytes.length - 24;
      for (let end = 8; end < needed; end += Math.ceil(needed / 40)) {
        const failure = await decode(bytes.slice(0, end)).then(
          () => null,
          (error: Error) => error,
        );
        expect(failure, `${end} of ${bytes.length} bytes`).toBeInstanceOf(Error);
        expect(failure).not.toBeInstanceOf(TypeError);
        expect(failure).not.toBeInstanceOf(RangeError);
      }
    },
  );

  test.each(["rgb.png", "gray-1bit.png", "jpeg-420.jpg", "jpeg-progressive.jpg", "jpeg-optimised-restart.jpg"])(
    "or decodes %s with a byte changed, and never breaks",
    async (name) => {
      const bytes = await read(`files/${name}`);
      for (let at = 2; at < bytes.length; at += Math.ceil(bytes.length / 150)) {
        const damaged = bytes.slice();
        damaged[at] = damaged[at]! ^ 0x5a;
        const failure = await decode(damaged).then(
          (picture) => {
            expect(picture.rgb.length).toBe(picture.width * picture.height * 3);
            return null;
          },
          (error: Error) => error,
        );
        expect(failure instanceof TypeError || failure instanceof RangeError, `byte ${at}: ${failure}`).toBe(false);
      }
    },
  );
});

test("transparency composes on white unless it is to be dropped", async () => {
  const bytes = await read("files/palette-transparent.png");
  const picture = await decode(bytes);
  expect(picture.alpha).toBeDefined();
  expect(await decodePixels(bytes)).toEqual(convert(picture, "white"));
  expect(convert(picture, "white").data).not.toEqual(convert(picture, "rgb").data);
  expect(convert(picture, "paste").data).toEqual(convert(picture, "rgb").data);
});

/** CRC-32, bit by bit. */
function crc(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  }
  return ~rest >>> 0;
}
