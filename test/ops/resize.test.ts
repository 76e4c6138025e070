import { describe, expect, it } from "vitest";
import { Commands } from "../../src/gpu/commands.ts";
import { columnsFirst, resize as resizeOnHost } from "../../src/image/resize.ts";
import { packedTaps } from "../../src/model/pictures/packed_taps.ts";
import { betweenWords, type ResizeJob, resize, resizeTables } from "../../src/ops/resize.ts";
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

async function run(bytes: Uint8Array, jobs: readonly ResizeJob[], outWords: number): Promise<Uint8Array> {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const tables = resizeTables(jobs);
  const source = gpu.upload("source", new Uint32Array(padded.buffer), [padded.length / 4]);
  const taps = gpu.upload("tables", tables.words, [tables.words.length]);
  const between = gpu.empty("between", [tables.betweenWords], "u32");
  const out = gpu.upload("out", new Uint32Array(outWords), [outWords]);
  const commands = new Commands(gpu, "resize");
  resize(commands, { source, tables: taps, between, out }, tables);
  commands.submit();
  const [words] = await gpu.readUint(out);
  for (const { buffer } of [source, taps, between, out]) gpu.release(buffer);
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

  it("has taps that several pictures share once in its tables", () => {
    const job = jobOf([50, 50], [64, 64], 0, 0);
    const [one, three] = [resizeTables([job]), resizeTables([job, job, job])];
    expect(three.words.length - one.words.length).toBe(2 * 16);
    expect(three.groups).toEqual([3 * one.groups[0], 3 * one.groups[1]]);
  });
});
