import { describe, expect, test } from "vitest";
import { ParquetTable } from "../../../src/tasks/parquet/table.ts";
import { Random } from "../../../src/tasks/random.ts";
import { counted, dataBytes, dataFiles } from "../../support/data_files.ts";

const open = async (name: string) => ParquetTable.open(counted(name, await dataBytes(name)));

describe("a table", () => {
  test("says what it holds, in the file's order", async () => {
    const table = await open("thinklite.parquet");
    expect(table.rows).toBe(7);
    expect(table.groups).toEqual([{ firstRow: 0, rows: 7 }]);
    expect(table.columns.slice(0, 3)).toEqual(["images", "data_source", "prompt"]);
    expect(table.codecs).toEqual(["GZIP"]);
    expect((await open("chart.parquet")).groups).toEqual([
      { firstRow: 0, rows: 2 },
      { firstRow: 2, rows: 1 },
    ]);
  });

  test("gives a row's columns as plain JSON, bytes left out", async () => {
    const row = await (await open("chart.parquet")).row(2);
    expect(row.rationale).toBe("Because 2.");
    expect(row.images).toEqual([{ path: "chart_2_0.img" }]);
    expect(row.extra_info).toMatchObject({ index: 2, split: "train" });
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
  });

  test("gives a list's bytes row by row, over the ends of pages", async () => {
    const table = await open("thinklite.parquet");
    const counts = [];
    // Backwards: each is found by itself.
    for (let row = 6; row >= 0; row--) counts.unshift((await table.blobs("images", row)).length);
    expect(counts).toEqual([1, 1, 0, 1, 2, 0, 1]);
    expect((await table.row(2)).images).toBeNull();
    expect((await table.row(5)).images).toEqual([]);
    const [first, second] = await table.blobs("images", 4);
    expect([...first!.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    expect([...second!.subarray(0, 2)]).toEqual([0x89, 0x50]);
    expect(await table.blobs("nothing", 0)).toEqual([]);
  });

  test("is never read whole", async () => {
    const bytes = await dataBytes("thinklite.parquet");
    const source = counted("thinklite.parquet", bytes);
    const table = await ParquetTable.open(source);
    // hyparquet asks for the last half megabyte: all of so small a file.
    source.reads.length = 0;
    const [picture] = await table.blobs("images", 0);
    await table.blobs("images", 0);
    const bodies = source.reads.filter(([start, end]) => end - start >= picture!.length);
    const read = source.reads.reduce((sum, [start, end]) => sum + end - start, 0);
    // The pictures' headers come in windows of 16 KiB; of the pictures one is read, once.
    expect(read).toBeLessThan(bytes.length + 16_384);
    expect(bodies.filter(([start, end]) => end - start < picture!.length + 200)).toHaveLength(1);
  });
});

describe("one sentence for", () => {
  const refusal = async (bytes: Uint8Array<ArrayBuffer>) =>
    ParquetTable.open(counted("a.parquet", bytes)).then(
      () => "opened",
      (error: Error) => error.message,
    );

  test("a file that is cut off, empty, something else or lies about its end", async () => {
    const bytes = await dataBytes("vstar.parquet");
    for (const broken of [bytes.slice(0, bytes.length / 2), bytes.slice(0, 0), new TextEncoder().encode("hello there")])
      expect(await refusal(broken)).toMatch(
        /^a\.parquet: expected a whole parquet file, found one that cannot be read: .+; download it again$/,
      );
    const lying = bytes.slice();
    new DataView(lying.buffer).setUint32(lying.length - 8, 0x7fffffff, true);
    expect(await refusal(lying)).toMatch(/says that its description has 2147483647 of/);
  });

  test("rows behind the place that is damaged; the others are read", async () => {
    const bytes = await dataBytes("vstar.parquet");
    const table = await ParquetTable.open(counted("a.parquet", bytes));
    // Where the second group's first picture begins; before it stand its length and the page's header.
    const [png] = await table.blobs("images", 4);
    const at = bytes.findIndex((_, i) => png!.subarray(0, 24).every((byte, j) => bytes[i + j] === byte));
    expect(at).toBeGreaterThan(0);
    const broken = bytes.slice();
    broken.fill(0xff, at - 8, at);
    const damaged = await ParquetTable.open(counted("a.parquet", broken));
    await expect(damaged.blobs("images", 4)).rejects.toThrow(
      /^a\.parquet, rows 4 to 7, images: the file is damaged or not whole \(/,
    );
    expect(await damaged.blobs("images", 0)).toHaveLength(1);
    expect((await damaged.row(4)).env_name).toBe("visual_toolbox_v2");
  });

  test("whatever byte is wrong: a sentence or a row, never the engine's words and never for long", async () => {
    for (const name of dataFiles)
      for (let seed = 0; seed < 25; seed++) {
        const bytes = await dataBytes(`${name}.parquet`);
        const random = new Random(seed, [99]);
        for (let i = 0; i < 3; i++)
          bytes[bytes.length - 1 - random.below(i === 0 ? 6000 : bytes.length)] = random.below(256);
        try {
          const table = await ParquetTable.open(counted("a", bytes));
          for (let row = 0; row < Math.min(table.rows, 12); row++) {
            await table.row(row);
            await table.blobs("images", row);
          }
        } catch (error) {
          expect((error as Error).message, `${name} ${seed}`).toMatch(/^a(:| has|, rows)/);
          expect((error as Error).message).not.toMatch(/undefined is not|is not a function|bounds of the DataView/);
        }
      }
  });
});
