import { describe, expect, it } from "vitest";
import { Commands } from "../../src/gpu/commands.ts";
import { columnsFirst, resize as resizeOnHost } from "../../src/image/resize.ts";
import { packedTaps } from "../../src/model/pictures/packed_taps.ts";
import { TapTables } from "../../src/model/pictures/tap_tables.ts";
import { betweenWords, type ResizeJob, resize } from "../../src/ops/resize.ts";
import { gpu } from "../support/device.ts";

/** A job of a whole picture. */
function jobOf(from: [number, number], to: [number, number], sourceByte: number, outWord: number): ResizeJob {
  const taps = { x: packedTaps(from[0], to[0]), y: packedTaps(from[1], to[1]) };
  const [width, height] = to;
  const [rowPixels] = from;
  const rows = taps.y.range;
  const first = columnsFirst({ width: from[0], height: from[1] }, ...to);
  return { sourceByte, rowPixels, width, height, outWord, taps, columnsFirst: first, partWidth: rowPixels, rows };
}

const taps = new TapTables(gpu);

async function run(bytes: Uint8Array, jobs: readonly ResizeJob[], outWords: number): Promise<Uint8Array> {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const { tables, groups, betweenWords } = taps.write(jobs);
  const source = gpu.upload("source", new Uint32Array(padded.buffer), [padded.length / 4]);
  const between = gpu.empty("between", [betweenWords], "u32");
  const out = gpu.upload("out", new Uint32Array(outWords), [outWords]);
  const commands = new Commands(gpu, "resize");
  resize(commands, { source, tables, between, out }, { groups });
  commands.submit();
  const [words] = await gpu.readUint(out);
  for (const { buffer } of [source, between, out]) gpu.release(buffer);
  return new Uint8Array(words!.buffer);
}

describe("resizing on the device", () => {
  it("keeps a picture of the same size, byte for byte, wherever in a word it begins", async () => {
    const bytes = Uint8Array.from({ length: 3 * 5 * 3 + 1 }, (_, i) => (i * 37) % 256);
    const same = await run(bytes, [jobOf([3, 5], [3, 5], 1, 0)], 12);
    expect([...same]).toEqual([...bytes.subarray(1), 0, 0, 0]);
  });

  it("adds up by hand: a half and a half, rounded up", async () => {
    // Two grey pixels become one: bicubic weights of both are equal.
    const bytes = Uint8Array.from([10, 10, 10, 21, 21, 21]);
    expect([...(await run(bytes, [jobOf([2, 1], [1, 1], 0, 0)], 1))]).toEqual([16, 16, 16, 0]);
  });

  it("resizes pictures of several sizes in two dispatches, each in whole workgroups", async () => {
    const pictures: { width: number; height: number; to: [number, number] }[] = [
      { width: 33, height: 9, to: [20, 12] },
      { width: 5, height: 70, to: [7, 31] },
      { width: 64, height: 2, to: [1, 3] },
    ];
    const jobs: ResizeJob[] = [];
    const bytes = Uint8Array.from({ length: 33 * 9 * 3 + 5 * 70 * 3 + 64 * 2 * 3 }, (_, i) => (i * i * 7 + i) % 256);
    let [byte, word] = [0, 0];
    const wanted: number[] = [];
    for (const { width, height, to } of pictures) {
      jobs.push(jobOf([width, height], to, byte, word));
      const data = bytes.subarray(byte, byte + width * height * 3);
      const shown = resizeOnHost({ width, height, data }, ...to).data;
      const padding = (4 - (shown.length % 4)) % 4;
      wanted.push(...shown, ...new Array<number>(padding).fill(0));
      byte += data.length;
      word += (shown.length + padding) / 4;
    }
    expect([...(await run(bytes, jobs, word))]).toEqual(wanted);
    expect(jobs.map(betweenWords)).toEqual([20 * 9, 5 * 31, 2]);
  });

  it("writes taps once: those that several pictures share, and those of the dispatch before", async () => {
    const written: number[] = [];
    const own = new TapTables({
      ...gpu,
      empty: (...of: Parameters<typeof gpu.empty>) => gpu.empty(...of),
      release: () => {},
      write: (_: unknown, values: Int32Array) => written.push(values.length),
    } as never);
    const job = jobOf([50, 50], [64, 64], 0, 0);
    const [one, three] = [own.write([job]), own.write([job, job, job])];
    const length = job.taps.x.words.length;
    expect(written).toEqual([length, 1 + 16, 1 + 3 * 16]);
    expect(three.groups).toEqual([3 * one.groups[0], 3 * one.groups[1]]);
    expect(three.tables).toBe(one.tables);
  });

  it("has room for taps of more lengths than its buffer holds, and of a picture that is larger than that", async () => {
    const own = new TapTables(gpu);
    const places = new Set<number>();
    for (let width = 600; width < 900; width++) {
      const { words, tables } = own.write([jobOf([width, 700], [64, 64], 0, 0)]);
      const [x, y] = [words[1 + 8]!, words[1 + 10]!];
      const { taps } = jobOf([width, 700], [64, 64], 0, 0);
      const ends = [x + taps.x.words.length, y + taps.y.words.length];
      expect(Math.max(...ends)).toBeLessThanOrEqual(tables.shape[0]!);
      places.add(x);
    }
    expect(places.size).toBeGreaterThan(100);
    const [picture] = [jobOf([6000, 20_000], [3000, 4000], 0, 0)];
    const { tables, words } = own.write([picture]);
    expect(words[1 + 10]! + picture.taps.y.words.length).toBeLessThanOrEqual(tables.shape[0]!);
  });
});
