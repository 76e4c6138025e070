import { describe, expect, test } from "vitest";
import { mutate } from "../../../src/app/fuzz/mutations.ts";
import { unpackBrotli } from "../../../src/tasks/compression/brotli.ts";
import { gunzip } from "../../../src/tasks/compression/gunzip.ts";
import { unpackLz4, unpackLz4Raw } from "../../../src/tasks/compression/lz4.ts";
import { unpackSnappy } from "../../../src/tasks/compression/snappy.ts";
import { unpackZstd } from "../../../src/tasks/compression/zstd.ts";
import { ParquetTable } from "../../../src/tasks/parquet/table.ts";
import { zstdOfSequences } from "../../support/bombs.ts";
import { counted } from "../../support/data_files.ts";
import { readBytes } from "../../support/png.ts";

const folder = new URL("../../golden/faults/packed-pages/", import.meta.url);
const read = (name: string) => readBytes(new URL(name, folder));
const ascii = (text: string) => new TextEncoder().encode(text);
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

let state = 1;
const noise = Uint8Array.from({ length: 120_000 }, () => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >> 16) & 255;
});
const skewed = Uint8Array.from(
  { length: 60_000 },
  (_, i) => noise[i]! & noise[(i * 7 + 3) % 120_000]! & noise[(i * 5 + 1) % 120_000]!,
);
const text = ascii(Array.from({ length: 6000 }, (_, i) => `word ${i % 97} of question ${(i * i) % 1013}, `).join(""));

const contents: Record<string, Uint8Array> = {
  "noise-3": noise.subarray(0, 9000),
  "noise-19": noise.subarray(0, 9000),
  "skewed-1": skewed,
  "skewed-19": skewed.subarray(0, 20_000),
  "text--5": text,
  "text-1": text,
  "text-9": text,
  "text-22": text,
  "repeated-3": new Uint8Array(400_000).fill(7),
  "nothing-3": new Uint8Array(0),
  "two-3": noise.subarray(0, 3000).map((byte) => byte & 1),
  "far-3": joined(noise.subarray(0, 12_000), new Uint8Array(600_000), noise.subarray(0, 12_000)),
  "streamed-3": text,
  "frames-3": text,
};
const mixed = joined(text.subarray(0, 60_000), noise.subarray(0, 3000), skewed.subarray(0, 9000));

/** Most of them stand in the dictionary of brotli. */
const words = ascii(
  "The government of the United States is one of the most important things in the world, and people who live there have been able to use the information about it. However, according to the development of different countries, there are a number of questions which should be answered: What is the color of the background? Where was the picture taken? http://www.example.com/ &quot;Description&quot; THE END",
);

/** vitest compares large arrays slowly. */
const expectSame = (found: Uint8Array, right: Uint8Array) => {
  expect(found.length).toBe(right.length);
  expect(found.findIndex((byte, i) => byte !== right[i])).toBe(-1);
};

test.each(Object.keys(contents))("Zstandard: %s", async (name) => {
  expectSame(unpackZstd(await read(`${name}.zst`), contents[name]!.length), contents[name]!);
});

test.each(["mixed-1", "mixed-5", "mixed-11", "words-11"])("brotli: %s", async (name) => {
  const right = name === "words-11" ? words : mixed;
  expectSame(unpackBrotli(await read(`${name}.br`), right.length), right);
});

test.each(["zstd-1-v1", "zstd-1-v2", "zstd-9-v1", "zstd-19-v1", "zstd-19-v2"])(
  "what pyarrow packs: %s",
  async (name) => {
    const table = await ParquetTable.open(counted("t.parquet", await read(`${name}.parquet`)));
    for (const i of [0, 1, 399]) {
      const row = await table.row(i);
      expect(row).toMatchObject({ y: i, t: `text ${(i * i) % 1013}`, l: i % 3 ? [i, null, i * 3] : null, z: 0.5 });
      expect((await table.blobs("b", i))[0]).toEqual(noise.slice(i * 40, i * 40 + 40));
    }
  },
);

describe("what is promised and not kept", () => {
  test("another length", async () => {
    const bytes = await read("text-22.zst");
    expect(() => unpackZstd(bytes, text.length - 1)).toThrow("holds more than the");
    expect(() => unpackZstd(bytes, text.length + 1)).toThrow(`holds ${text.length} bytes where`);
    const packed = await read("mixed-5.br");
    expect(() => unpackBrotli(packed, mixed.length - 1)).toThrow("holds more than the");
    expect(() => unpackBrotli(packed, mixed.length + 1)).toThrow(`holds ${mixed.length} bytes where`);
  });

  // Codes of one symbol: lengths of literals, offsets, matches.
  test.each([
    ["no bits behind the usual codes", zstdOfSequences(98_000), 1000, "ends too early"],
    ["matches of 65539 bytes without their bits", zstdOfSequences(98_000, [0, 0, 52]), 1000, "ends too early"],
    ["matches of 3 bytes that take no bits", zstdOfSequences(98_000, [0, 0, 0]), 1000, "refers to what stands before"],
    ["and literals", zstdOfSequences(5, [1, 0, 0], [1], [9, 9, 9, 9, 9]), 19, "more than the 19 bytes"],
    [
      "a block that is larger than it may be",
      zstdOfSequences(3, [1, 0, 52], [255, 255, 255, 255, 255, 255, 1], [9, 9, 9]),
      500_000,
      "more bytes than are allowed",
    ],
    ["literals that are not there", zstdOfSequences(2, [15, 0, 0]), 1000, "more literals than it holds"],
    ["an offset to what is not there", zstdOfSequences(1, [1, 2, 0], [0b111]), 1000, "refers to what stands before"],
    ["bits that nothing needs", zstdOfSequences(1, [1, 0, 0], [0b11]), 4, "goes on behind its last match"],
  ])("Zstandard: %s", (_, bytes, length, message) => {
    expect(() => unpackZstd(bytes, length)).toThrow(message);
  });

  test("a match without any bits is right where it fits", () => {
    expect(unpackZstd(zstdOfSequences(5, [1, 0, 0], [1], [9, 9, 9, 9, 9]), 20)).toEqual(new Uint8Array(20).fill(9));
  });

  test.each([
    ["no frame", [1, 2, 3, 4, 5, 6, 7, 8, 9], 4, "is not a frame"],
    ["a dictionary", [0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 4, 0x21, 0, 0, 1], 4, "needs a dictionary"],
    ["a size", [0x28, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x1b, 0, 0, 1], 3, "more than the 3 bytes"],
    [
      "a block that is larger than the window",
      [0x28, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x2b, 0, 0, 1],
      9,
      "5 bytes where 4 are",
    ],
    ["a frame to be passed over that has no end", [0x50, 0x2a, 0x4d, 0x18, 255, 255, 255, 255], 0, "ends too early"],
    ["a block of the fourth type", [0x28, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x07, 0, 0, 1], 4, "an unknown block"],
  ])("Zstandard: %s", (_, bytes, length, message) => {
    expect(() => unpackZstd(Uint8Array.from(bytes), length)).toThrow(message);
  });
});

describe("Snappy", () => {
  const letters = ascii("abcabcabcX");

  test("literals and copies", () => {
    expect(unpackSnappy(Uint8Array.of(10, 0x08, 0x61, 0x62, 0x63, 0x09, 3, 0x00, 0x58), 10)).toEqual(letters);
    expect(unpackSnappy(Uint8Array.of(10, 0x08, 0x61, 0x62, 0x63, 0x16, 3, 0, 0x00, 0x58), 10)).toEqual(letters);
    expect(unpackSnappy(Uint8Array.of(10, 0x08, 0x61, 0x62, 0x63, 0x17, 3, 0, 0, 0, 0xf0, 0, 0x58), 10)).toEqual(
      letters,
    );
    expect(unpackSnappy(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0));
  });
  test.each([
    // Read as a negative number it leads back to where it stands.
    ["a literal of 4294967291 bytes", [10, 0xfc, 0xfa, 255, 255, 255, 1, 1, 1, 1], "ends too early"],
    ["a copy from 4294967295 bytes ago", [10, 0x08, 1, 2, 3, 0x17, 255, 255, 255, 255], "refers to what stands before"],
    ["a copy of what is not there", [10, 0x08, 1, 2, 3, 0x09, 4], "refers to what stands before"],
    ["a distance of nothing", [10, 0x08, 1, 2, 3, 0x09, 0], "refers to what stands before"],
    ["another length", [11, 0x00, 1], "holds 11 bytes where 10 are promised"],
    ["fewer bytes than are promised", [10, 0x00, 1], "holds 1 bytes where 10 are promised"],
    ["more bytes than are promised", [10, 0x00, 1, 0xfe, 1, 0], "more than the 10 bytes"],
    ["a length without an end", [255, 255, 255, 255, 255, 255], "a length without an end"],
    ["nothing", [], "ends too early"],
  ])("%s", (_, bytes, message) => {
    expect(() => unpackSnappy(Uint8Array.from(bytes), 10)).toThrow(message);
  });
});

describe("brotli whose data says what it does not hold", () => {
  /** Numbers with their bits, the lowest first. */
  const bytesOf = (...numbers: [value: number, bits: number][]) => {
    const bits = numbers.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >> i) & 1));
    return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, byte) =>
      Array.from({ length: 8 }, (_, i) => (bits[8 * byte + i] ?? 0) << i).reduce((a, b) => a + b),
    );
  };
  /** A window of 64 KiB, one block that is the last, of one type of everything, with codes of one symbol. */
  const block = (size: number, command: number, more: [number, number][] = []) =>
    bytesOf(
      ...([
        [0, 1],
        [1, 1],
        [0, 1],
        [0, 2],
        [size - 1, 16],
      ] as [number, number][]),
      ...([
        [0, 3],
        [0, 6],
        [0, 2],
        [0, 2],
      ] as [number, number][]),
      ...([
        [1, 2],
        [0, 2],
        [65, 8],
        [1, 2],
        [0, 2],
        [command, 10],
        [1, 2],
        [0, 2],
        [0, 6],
      ] as [number, number][]),
      ...more,
    );

  test("literals and copies that take no bits fill a block", () => {
    // Four literals and two bytes of four bytes ago.
    expect(unpackBrotli(block(12, 32), 12)).toEqual(new Uint8Array(12).fill(65));
  });
  test("more literals than the block has", () => {
    // Command 704 - 1: 22594 literals and 24 bits more of them.
    expect(() =>
      unpackBrotli(
        block(9, 703, [
          [0xffffff, 24],
          [0, 24],
        ]),
        9,
      ),
    ).toThrow("more bytes than it says");
  });
});

describe("damaged data", () => {
  const gzipped = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(
      await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    );
  const block = Uint8Array.of(0x32, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x58);
  const snappy = Uint8Array.of(10, 0x08, 0x61, 0x62, 0x63, 0x16, 3, 0, 0x00, 0x58);
  const small = text.slice(0, 5000);
  const zstd = async (name: string) => ({ bytes: await read(`${name}.zst`), length: contents[name]!.length });

  test.each([
    ["zstd", unpackZstd, 20_000, () => Promise.all(["two-3", "nothing-3", "repeated-3", "noise-3"].map(zstd))],
    ["zstd of text", unpackZstd, 600, () => Promise.all(["text-22", "frames-3", "skewed-19"].map(zstd))],
    ["brotli", unpackBrotli, 500, async () => [{ bytes: await read("mixed-11.br"), length: mixed.length }]],
    ["gzip", gunzip, 4000, async () => [{ bytes: await gzipped(small), length: small.length }]],
    ["lz4", unpackLz4, 20_000, async () => [{ bytes: block, length: 10 }]],
    ["lz4_raw", unpackLz4Raw, 20_000, async () => [{ bytes: block, length: 10 }]],
    ["snappy", unpackSnappy, 20_000, async () => [{ bytes: snappy, length: 10 }]],
  ] as const)("is read or refused, soon, and in our words: %s", async (_, unpack, count, make) => {
    const seeds = await make();
    const limitMs = 2000;
    let refused = 0;
    let before = Deno.cpuUsage().user;
    for (let i = 0; i < count; i++) {
      const { bytes, length } = seeds[i % seeds.length]!;
      const damaged = mutate(bytes, [seeds[(i * 7 + 3) % seeds.length]!.bytes], 5, i);
      let said = "";
      try {
        const found = unpack(damaged, length);
        if (found.length !== length) said = `${found.length} bytes`;
      } catch (error) {
        refused++;
        const { message } = error as Error;
        if (
          (error as Error).constructor !== Error ||
          !/^packed data [a-z]/.test(message) ||
          /undefined|NaN/.test(message)
        )
          said = message;
      }
      const now = Deno.cpuUsage().user;
      if ((now - before) / 1000 > limitMs) said = `${(now - before) / 1000} ms`;
      if (said !== "") throw new Error(`case ${i}: ${said}`);
      before = now;
    }
    expect(refused).toBeGreaterThan(count / 2);
    expect(refused).toBeLessThan(count);
  });
});
