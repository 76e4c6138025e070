import { describe, expect, test } from "vitest";
import { gunzip } from "../../../src/tasks/compression/gunzip.ts";
import { unpackLz4, unpackLz4Raw } from "../../../src/tasks/compression/lz4.ts";
import { ParquetTable } from "../../../src/tasks/parquet/table.ts";
import { checkThrift } from "../../../src/tasks/parquet/thrift.ts";
import { plain } from "../../../src/tasks/parquet/values.ts";
import { Random } from "../../../src/tasks/random.ts";
import { deepEyesRows } from "../../../src/tasks/rows/deepeyes.ts";
import { counted } from "../../support/data_files.ts";
import { readBytes } from "../../support/png.ts";

const open = async (path: string) =>
  ParquetTable.open(
    counted("t.parquet", await readBytes(new URL(`../../golden/faults/${path}.parquet`, import.meta.url))),
  );

const packed = async (bytes: Uint8Array<ArrayBuffer>, format: CompressionFormat) =>
  new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer(),
  );

describe("gunzip", () => {
  const random = new Random(1, [2]);
  const noise = Uint8Array.from({ length: 70_000 }, () => random.below(256));
  const text = new TextEncoder().encode(Array.from({ length: 9000 }, (_, i) => `word ${i % 97} `).join(""));
  const repeated = new Uint8Array(200_000).fill(7);

  test.each([
    ["noise", noise],
    ["text", text],
    ["one byte again and again", repeated],
    ["nothing", new Uint8Array(0)],
  ])("unpacks what the engine packed: %s", async (_, bytes) => {
    expect(gunzip(await packed(bytes, "gzip"), bytes.length)).toEqual(bytes);
    expect(gunzip(await packed(bytes, "deflate-raw"), bytes.length)).toEqual(bytes);
  });

  test("members one after the other", async () => {
    const both = Uint8Array.from([...(await packed(text, "gzip")), ...(await packed(noise, "gzip"))]);
    expect(gunzip(both, text.length + noise.length)).toEqual(Uint8Array.from([...text, ...noise]));
  });

  test("stops at the length that was promised", async () => {
    expect(() => gunzip(new Uint8Array(0), 1)).toThrow("packed data holds 0 bytes where 1 are promised");
    const bytes = await packed(repeated, "gzip");
    expect(() => gunzip(bytes, 1000)).toThrow("packed data holds more than the 1000 bytes that are promised");
    expect(() => gunzip(bytes, 200_001)).toThrow("packed data holds 200000 bytes where 200001 are promised");
  });

  test("damage is a sentence", async () => {
    const bytes = await packed(text, "gzip");
    for (let at = 10; at < bytes.length - 8; at += 29) {
      const damaged = bytes.slice();
      damaged[at] = damaged[at]! ^ 0x55;
      try {
        gunzip(damaged, text.length);
      } catch (error) {
        expect((error as Error).message).toMatch(/^packed data /);
      }
      expect(() => gunzip(bytes.slice(0, at), text.length)).toThrow(/^packed data /);
    }
  });
});

describe("LZ4", () => {
  // "abcabcabcX": three letters, a match of 6 that overlaps itself, then the last literal.
  const block = [0x32, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x58];
  const text = new TextEncoder().encode("abcabcabcX");
  const frame = (unpacked: number, bytes: number[]) => [0, 0, 0, unpacked, 0, 0, 0, bytes.length, ...bytes];

  test("a block, a frame, and several frames of which one is empty", () => {
    expect(unpackLz4Raw(Uint8Array.from(block), 10)).toEqual(text);
    expect(unpackLz4(Uint8Array.from(block), 10)).toEqual(text);
    expect(unpackLz4(Uint8Array.from([...frame(0, [0]), ...frame(10, block), ...frame(0, [0])]), 10)).toEqual(text);
  });
  test("nothing: an empty block is the one byte 00", () => {
    expect(unpackLz4Raw(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0));
    expect(unpackLz4(Uint8Array.from(frame(0, [0])), 0)).toEqual(new Uint8Array(0));
  });
  test.each([
    [block, 9, "more than the 9 bytes"],
    [block, 11, "holds 10 bytes where 11 are promised"],
    [[0x32, 0x61, 0x62, 0x63, 4, 0], 10, "refers to what stands before it"],
    [[0xf0, 255, 255], 10, "ends too early"],
    [[0x1f, 0x61, 1, 0, 255, 255, 255, 0], 10, "more than the 10 bytes"],
  ])("%j", (bytes, length, message) => {
    expect(() => unpackLz4Raw(Uint8Array.from(bytes), length)).toThrow(message);
  });
});

test("a column of nulls packed with LZ4", async () => {
  const rows = deepEyesRows(await open("parquet-lz4-null-column/lz4_null"));
  expect(rows.rows).toBe(2);
  for (let i = 0; i < 2; i++) {
    const row = await rows.row(i);
    expect(row).toMatchObject({ question: "What?", answer: "x", columns: { n: null } });
    expect((await row.pictures()).map(({ length }) => length)).toEqual([103]);
  }
});

test.each(["ok_gzip", "ok_zstd", "ok_brotli", "ok_lz4", "ok_snappy"])(
  "every codec gives the same: %s",
  async (name) => {
    const table = await open(`parquet-codecs/${name}`);
    for (const i of [0, 1, 3, 499])
      expect(await table.row(i)).toMatchObject({
        x: null,
        y: i,
        f: i / 3,
        b: i % 3 === 0,
        l: i % 2 ? [i, null] : null,
      });
  },
);

test.each(["ok2_gzip", "ok2_lz4"])("pages of the second version: %s", async (name) => {
  const table = await open(`parquet-codecs/${name}`);
  for (const i of [0, 1, 499]) expect(await table.row(i)).toMatchObject({ y: i, b: i % 3 === 0, t: `text ${i}` });
});

test("numbers and texts that are written as differences", async () => {
  const table = await open("parquet-codecs/delta");
  for (const i of [0, 1, 150, 299])
    expect(await table.row(i)).toMatchObject({ y: i, t: `text ${i}`, u: `prefix ${Math.floor(i / 10)}` });
});

describe("a description in Thrift", () => {
  test("is walked to its end", () => {
    // Field 1: a number of two bytes; field 2: a list of three bytes; the end; and what belongs to others.
    expect(checkThrift(Uint8Array.of(0x15, 0x80, 0x01, 0x19, 0x33, 1, 2, 3, 0, 99))).toBe(9);
  });
  test.each([
    ["a list that is longer than the file", [0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f], "is cut off"],
    ["a number without an end", [0x16, ...new Array(20).fill(0xff)], "a number without an end"],
    ["lists in lists", new Array(60).fill(0x19), "nested too deeply"],
    ["a text longer than the file", [0x18, 100, 1], "is cut off"],
    ["a type that nobody knows", [0x1e], "a field of type 14"],
  ])("%s", (_, bytes, message) => {
    expect(() => checkThrift(Uint8Array.from(bytes))).toThrow(message);
  });
});

test("bytes in a column are numbers, but not millions of them", () => {
  expect(plain({ id: Uint8Array.of(1, 2), big: 2n ** 60n, n: 5n })).toEqual({
    id: [1, 2],
    big: String(2n ** 60n),
    n: 5,
  });
  expect(plain(new Uint8Array(5_000_000))).toBe("(5000000 bytes)");
});

test.each(["duckdb", "duckdb_v2_zstd"])("levels in blocks of 256, as DuckDB packs them: %s", async (name) => {
  const rows = deepEyesRows(await open(`parquet-duckdb/${name}`));
  expect(rows.rows).toBe(3);
  for (const i of [0, 1, 2]) {
    const row = await rows.row(i);
    expect(row).toMatchObject({ question: `Q${i}?`, answer: `g${i}`, dataSource: "vstar" });
    expect(await row.pictures()).toHaveLength(1);
  }
});
