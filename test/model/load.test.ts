import { expect, test } from "vitest";
import { type CheckpointFiles, partBytes } from "../../src/model/checkpoint_files.ts";
import { readConfig } from "../../src/model/families/read_files.ts";
import { readJson } from "../../src/model/json_file.ts";
import { fillModel } from "../../src/model/load.ts";
import { buildModel } from "../../src/model/model.ts";
import type { ParameterShape } from "../../src/model/parameters.ts";
import { gpu } from "../support/device.ts";
import { goldenFiles } from "../support/golden.ts";

/** The number at a place of the file's data, counted in numbers. */
const numberAt = (place: number): number => place % 65_521;

/** A checkpoint that exists only where it is read, and notes what is. */
function imagined(shapes: readonly ParameterShape[]) {
  let end = 0;
  const places = new Map<string, number>();
  const header = Object.fromEntries(
    shapes.map(({ name, shape }) => {
      places.set(name, end / 4);
      const begin = end;
      end += 4 * shape.reduce((product, size) => product * size, 1);
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
    }),
  );
  const json = new TextEncoder().encode(JSON.stringify(header));
  const dataStart = 8 + json.length;
  const front = new Uint8Array(dataStart);
  new DataView(front.buffer).setUint32(0, json.length, true);
  front.set(json, 8);
  const reads: [number, number][] = [];
  const files: CheckpointFiles = {
    sizeBytes: async (name) => (name === "model.safetensors" ? dataStart + end : null),
    read: async (_, startByte = 0, endByte = dataStart + end) => {
      reads.push([startByte, endByte]);
      if (endByte <= dataStart) return front.slice(startByte, endByte);
      const first = (startByte - dataStart) / 4;
      const values = Float32Array.from({ length: (endByte - startByte) / 4 }, (_, i) => numberAt(first + i));
      return new Uint8Array(values.buffer);
    },
  };
  return { files, reads, places, dataBytes: end };
}

test("a model larger than what is read at once comes in ranges, each read once, and is whole", async () => {
  const golden = goldenFiles("qwen3-plain");
  const json = await readJson(golden, "config.json");
  (json.text_config as Record<string, unknown>).vocab_size = 100_000;
  const config = readConfig(json, await readJson(golden, "preprocessor_config.json"));
  const model = buildModel(gpu, config, { trained: false });
  const { files, reads, places, dataBytes } = imagined(model.parameters.shapes);
  expect(dataBytes).toBeGreaterThan(2 * partBytes);
  await fillModel(model, files);

  const sizes = reads.map(([start, end]) => end - start);
  // As many whole rows as fit.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(partBytes);
  expect(Math.max(...sizes)).toBeGreaterThan(0.99 * partBytes);
  // Header length, header, and every byte of the data once.
  expect(sizes.slice(2).reduce((sum, size) => sum + size, 0)).toBe(dataBytes);
  for (const [name, values] of await model.parameters.read()) {
    const first = places.get(name)!;
    expect(
      values.findIndex((value, i) => value !== numberAt(first + i)),
      name,
    ).toBe(-1);
  }
  model.parameters.free();
});

test("a tensor that is not a weight is left where it is", async () => {
  const golden = goldenFiles("qwen3-plain");
  const json = await readJson(golden, "config.json");
  const config = readConfig(json, await readJson(golden, "preprocessor_config.json"));
  const model = buildModel(gpu, config, { trained: false });
  const { files, reads } = imagined([{ name: "stray", shape: [5_000_000] }, ...model.parameters.shapes]);
  await fillModel(model, files);
  const largest = Math.max(...reads.map(([start, end]) => end - start));
  expect(largest).toBeLessThan(5_000_000);
  model.parameters.free();
});
