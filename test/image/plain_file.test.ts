import { expect, test } from "vitest";
import { comparePlain } from "../../src/app/fuzz/plain_pictures.ts";
import { decode } from "../../src/image/decode.ts";
import { plainFile } from "../../src/image/plain_file.ts";
import { readBytes } from "../support/png.ts";

const folder = new URL("../golden/pictures/files/", import.meta.url);
const read = (name: string) => readBytes(new URL(name, folder));

/** The file with a segment behind its first two bytes. */
function withSegment(bytes: Uint8Array, marker: number, body: readonly number[]): Uint8Array {
  const length = body.length + 2;
  return Uint8Array.from([
    ...bytes.subarray(0, 2),
    0xff,
    marker,
    length >> 8,
    length & 255,
    ...body,
    ...bytes.subarray(2),
  ]);
}

const placesOf = (bytes: Uint8Array, marker: number): number[] =>
  [...bytes.keys()].filter((at) => bytes[at] === 0xff && bytes[at + 1] === marker);

test.each([
  ["jpeg-420.jpg", ["JPEG 4:2:0"]],
  ["jpeg-422-odd.jpg", ["JPEG 4:2:2"]],
  ["jpeg-444.jpg", ["JPEG 4:4:4"]],
  ["jpeg-gray.jpg", ["JPEG gray"]],
  ["jpeg-progressive.jpg", ["JPEG 4:2:0", "JPEG progressive"]],
  ["jpeg-optimised-restart.jpg", ["JPEG 4:2:0", "JPEG with restart markers"]],
  ["jpeg-exif-6.jpg", ["JPEG 4:2:0"]],
  ["rgb.png", ["PNG", "PNG rgb"]],
  ["rgb-gamma.png", ["PNG", "PNG rgb"]],
  ["rgb-interlaced.png", ["PNG", "PNG rgb", "PNG interlaced"]],
  ["rgb-16bit.png", ["PNG", "PNG rgb 16-bit"]],
  ["gray-4bit.png", ["PNG", "PNG gray"]],
  ["palette-2bit.png", ["PNG", "PNG palette"]],
])("%s is the same picture without what decoders follow differently", async (name, properties) => {
  const bytes = await read(name);
  const file = plainFile(bytes)!;
  const { width, height, orientation } = await decode(bytes);
  expect(file).toMatchObject({ properties, width, height, orientation });
  expect(file.check()).toBe(true);
  await comparePlain(bytes);
});

test.each(["rgba.png", "gray-alpha.png", "palette-transparent.png", "rgb-transparent-colour.png", "gray-16bit.png"])(
  "%s is left to our own decoder",
  async (name) => expect(plainFile(await read(name))).toBe(null),
);

test("so are colours that a palette lacks, inks, and names of colours that stand for others", async () => {
  expect(plainFile(await read("palette.png"))).toBe(null);
  expect(plainFile(await read("jpeg-cmyk.jpg"))).toBe(null);
  const adobe = [..."Adobe"].map((letter) => letter.charCodeAt(0));
  // Adobe's marker says RGB, and no JFIF another thing.
  const rgb = withSegment(await read("jpeg-444.jpg"), 0xee, [...adobe, 0, 100, 0, 0, 0, 0, 0]);
  rgb[rgb.findIndex((byte, i) => byte === 0x4a && rgb[i + 1] === 0x46 && rgb[i + 2] === 0x49)] = 0x78;
  expect(plainFile(rgb)!.check()).toBe(false);
});

test("a profile, an orientation and texts are not handed on", async () => {
  const bytes = await read("jpeg-exif-6.jpg");
  const icc = [..."ICC_PROFILE\0"].map((letter) => letter.charCodeAt(0));
  const file = plainFile(withSegment(bytes, 0xe2, [...icc, 1, 1, 9, 9]))!;
  const handed = file.parts.map((part) => String.fromCharCode(...part)).join("");
  expect(handed).not.toMatch(/ICC_PROFILE|Exif/);
  expect(file.parts.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length);
});

test("restart markers out of order are left to our own decoder, as others look for the right one", async () => {
  const bytes = (await read("jpeg-optimised-restart.jpg")).slice();
  const [first] = placesOf(bytes, 0xd0);
  bytes[first! + 1] = 0xd3;
  expect(plainFile(bytes)!.check()).toBe(false);
});

test("so is a progressive file that lacks bits, which others guess", async () => {
  const bytes = await read("jpeg-progressive.jpg");
  const last = placesOf(bytes, 0xda).at(-1)!;
  expect(plainFile(Uint8Array.from([...bytes.subarray(0, last), 0xff, 0xd9]))!.check()).toBe(false);
});

test("so are coefficients that do not fit 16 bits on the way", async () => {
  const bytes = (await read("jpeg-420.jpg")).slice();
  for (const at of placesOf(bytes, 0xdb)) bytes.fill(255, at + 5, at + 5 + 64);
  expect(plainFile(bytes)!.check()).toBe(false);
});

test("what our own decoder refuses is refused with its sentence", async () => {
  const bytes = await read("jpeg-420.jpg");
  const short = bytes.slice(0, bytes.length - 300);
  const said = await decode(short).catch((error: Error) => error.message);
  expect(() => plainFile(short)!.check()).toThrow(said as string);
  const large = bytes.slice();
  const frame = placesOf(large, 0xc0)[0]!;
  new DataView(large.buffer).setUint16(frame + 5, 60_000);
  new DataView(large.buffer).setUint16(frame + 7, 60_000);
  expect(() => plainFile(large)).toThrow("at most 178,956,970 pixels");
});

test("packed rows that are followed by much more are left to our own decoder", async () => {
  const { pngOf } = await import("../support/bombs.ts");
  expect(plainFile(await pngOf(64, 64, { more: 2 ** 28 }))).toBe(null);
});
