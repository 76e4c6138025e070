import { describe, expect, test } from "vitest";
import { decode } from "../../src/image/decode.ts";
import { brotliStored, emptyChunks, jpegOf, parquetOfPages, pngOf, webpOf, zstdOfSequences } from "../support/bombs.ts";
import { readBytes } from "../support/png.ts";

/** Reads the file in a process of its own. */
async function bounded(kind: "picture" | "rows", file: string) {
  const script = decodeURIComponent(new URL("../support/read_bounded.ts", import.meta.url).pathname);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, kind, file],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text) as { outcome: string; grownBytes: number; processorMs: number };
}

const mebi = 2 ** 20;

describe("small files that ask for much take little", () => {
  test.each([
    ["a PNG with 256 MiB behind its last row", () => pngOf(64, 64, { more: 256 * mebi }), /^64 x 64$/, 64],
    [
      "a PNG of 45 megapixels with alpha in 16 bits",
      () => pngOf(6700, 6700, { depth: 16, colourType: 6 }),
      /^6700 x 6700$/,
      450,
    ],
    [
      "a PNG of 160 megapixels",
      () => pngOf(12_640, 12_640, { depth: 1, colourType: 0 }),
      /not decoded, found 12640 x 12640; shrink/,
      64,
    ],
    [
      "a PNG of nothing but rows",
      () => pngOf(1, 40_000_000, { depth: 8, colourType: 0 }),
      /not decoded, found 1 x 40000000/,
      64,
    ],
    [
      "a PNG of nothing but chunks",
      () => pngOf(8, 8, { between: emptyChunks(300_000) }),
      /more than 200000 chunks/,
      64,
    ],
    [
      "a progressive JPEG with 3000 scans",
      async () => jpegOf(7000, 3000),
      /goes over its 7000 x 7000 pixels \d+ times and more/,
      450,
    ],
    [
      "a WebP of 178 megapixels in 28 bytes",
      async () => webpOf(16_383, 10_900),
      /not decoded, found 16383 x 10900/,
      64,
    ],
    [
      "a WebP of 40 megapixels in 28 bytes",
      async () => webpOf(8000, 5000),
      /may take 340 MiB .+ found one of 8000 x 5000 pixels that takes 763 MiB/,
      64,
    ],
  ] as const)("%s", async (_, make, sentence, mostMebi) => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/file`;
    try {
      await Deno.writeFile(file, await make());
      const found = await bounded("picture", file);
      expect(found.outcome).toMatch(sentence);
      expect(found.grownBytes / mebi).toBeLessThan(mostMebi);
      // Of a processor, which may be shared: far from the minutes that these took.
      expect(found.processorMs).toBeLessThan(10_000);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  test.each([
    ["bomb90_zstd", /unpacks to more than the 49 MiB that a file of this size may/],
    ["bomb90_brotli", /unpacks to more than the 49 MiB/],
    ["deltabomb", /unpacks to more than the 49 MiB/],
    ["messages", /more than the 26\d+ values that a file of this size may have in a row group/],
    ["many", /more than the 26\d+ values/],
  ])("a parquet file: %s", async (name, sentence) => {
    const file = new URL(`../golden/faults/parquet-expansion/${name}.parquet`, import.meta.url);
    const found = await bounded("rows", decodeURIComponent(file.pathname));
    expect(found.outcome).toMatch(sentence);
    expect(found.grownBytes / mebi).toBeLessThan(200);
    expect(found.processorMs).toBeLessThan(10_000);
  });
});

describe("pages of a parquet file that say more than they hold take little", () => {
  const endless = Uint8Array.of(200, 0xfc, 0xfa, 255, 255, 255, 1, 1, 1, 1);
  test.each([
    [
      "98000 sequences of Zstandard without their bits",
      () => parquetOfPages("ZSTD", () => zstdOfSequences(98_000)),
      /ends too early/,
    ],
    [
      "and without codes that need any",
      () => parquetOfPages("ZSTD", () => zstdOfSequences(98_000, [0, 0, 52])),
      /ends too early/,
    ],
    [
      "a literal of Snappy that steps back to itself",
      () => parquetOfPages("SNAPPY", () => endless),
      /damaged or not whole/,
    ],
    [
      "thousands of small pages of brotli with the largest window",
      () => parquetOfPages("BROTLI", brotliStored, { rows: 4000, pageSize: 8 }),
      /expected a prompt of messages/,
    ],
  ] as const)("%s", async (_, make, sentence) => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/rows.parquet`;
    try {
      await Deno.writeFile(file, make());
      const found = await bounded("rows", file);
      expect(found.outcome).toMatch(sentence);
      expect(found.grownBytes / mebi).toBeLessThan(200);
      expect(found.processorMs).toBeLessThan(5000);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

test("the same JPEG with a few scans is read", async () => {
  const { width, height, rgb } = await decode(jpegOf(1000, 5));
  expect([width, height, rgb[0], rgb.at(-1)]).toEqual([1000, 1000, 128, 128]);
});

describe("a WebP's pixels come as they are stored, whatever EXIF says", () => {
  const corners = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("orientation %i", async (orientation) => {
    const bytes = await readBytes(new URL(`../golden/faults/webp-exif/o${orientation}.webp`, import.meta.url));
    const { width, height, rgb, orientation: found } = await decode(bytes);
    expect([width, height, found]).toEqual([9, 6, orientation]);
    const at = (x: number, y: number) => [...rgb.subarray((y * 9 + x) * 3, (y * 9 + x) * 3 + 3)];
    expect([...at(0, 0), ...at(8, 0), ...at(0, 5), ...at(8, 5)]).toEqual(corners);
  });

  test("a lossy one too", async () => {
    const { width, height } = await decode(
      await readBytes(new URL("../golden/faults/webp-exif/lossy6.webp", import.meta.url)),
    );
    expect([width, height]).toEqual([90, 60]);
  });
});

test("a WebP that holds a larger picture than it says is refused before the engine sees it", async () => {
  const bytes = await readBytes(new URL("../golden/faults/webp-exif/o3.webp", import.meta.url));
  const lying = bytes.slice();
  const at = lying.findIndex((_, i) => String.fromCharCode(...lying.subarray(i, i + 4)) === "VP8L");
  lying.set([0xff, 0xff, 0xff, 0x0f], at + 9);
  await expect(decode(lying)).rejects.toThrow(
    "says that it is 9 x 6 pixels large and holds a picture of 16384 x 16384",
  );
});
