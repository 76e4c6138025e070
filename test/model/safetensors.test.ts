import { describe, expect, test } from "vitest";
import { type CheckpointFiles, openCheckpoint, type StoredTensor } from "../../src/model/checkpoint_files.ts";
import { toBf16, toFloat32 } from "../../src/model/float_bytes.ts";
import { readHeader } from "../../src/model/safetensors.ts";
import { writeSafetensors } from "../../src/model/write_safetensors.ts";

/** A file with this header and so many bytes of data, all zero. */
function fileOf(header: object | string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  return bytes;
}
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const read = (bytes: Uint8Array) => readHeader(bytes, bytes.length, "a.safetensors");

function folder(entries: Record<string, Uint8Array | object>): CheckpointFiles {
  const bytesOf = (name: string) =>
    entries[name] instanceof Uint8Array
      ? (entries[name] as Uint8Array)
      : new TextEncoder().encode(JSON.stringify(entries[name]));
  return {
    read: async (name, start, end) => bytesOf(name).slice(start, end),
    sizeBytes: async (name) => (name in entries ? bytesOf(name).length : null),
  };
}

const pair = writeSafetensors([
  { name: "norm", dtype: "BF16", shape: [3], values: Float32Array.of(1, -2.5, 0.15625) },
  { name: "matrix", dtype: "F32", shape: [2, 2], values: Float32Array.of(0.1, 2, 3, -4) },
]);

test("what is written is read again, by bytes and by ranges", async () => {
  const header = await read(pair);
  expect(header.metadata).toEqual({ format: "pt" });
  expect(header.tensors.map((t) => [t.name, t.dtype, t.shape])).toEqual([
    ["matrix", "F32", [2, 2]],
    ["norm", "BF16", [3]],
  ]);
  expect(header.tensors[0]!.startByte % 8).toBe(0);
  expect([...pair.subarray(0, 8)].slice(1)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  const ranges: number[][] = [];
  const again = await readHeader(async (start, end) => {
    ranges.push([start, end]);
    return pair.slice(start, end);
  }, pair.length);
  expect(again).toEqual(header);
  expect(ranges).toEqual([
    [0, 8],
    [8, header.tensors[0]!.startByte],
  ]);

  const tensors = await openCheckpoint(folder({ "model.safetensors": pair }));
  expect(Array.from(await tensors[0]!.values())).toEqual([Math.fround(0.1), 2, 3, -4]);
  expect(Array.from(await tensors[1]!.values())).toEqual([1, -2.5, 0.15625]);
});

test("scalars, empty tensors and names that look like numbers are tensors too", async () => {
  const bytes = writeSafetensors([
    { name: "b", dtype: "F32", shape: [], values: Float32Array.of(7) },
    { name: "7", dtype: "F32", shape: [0, 4], values: new Float32Array(0) },
    { name: "a", dtype: "F32", shape: [1], values: Float32Array.of(8) },
  ]);
  const { tensors } = await read(bytes);
  expect(tensors.map((t) => [t.name, t.shape, t.endByte - t.startByte])).toEqual([
    ["b", [], 4],
    ["7", [0, 4], 0],
    ["a", [1], 4],
  ]);
});

test("bf16 is rounded to the nearest, ties to even", () => {
  const bits = (...words: number[]) => new Float32Array(Uint32Array.from(words).buffer);
  const rounded = toBf16(
    bits(0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0xff800000, 0x7f800001, 0x80000000),
  );
  expect([...rounded].map((x) => x.toString(16))).toEqual([
    "3f80",
    "3f82",
    "3f81",
    "3f80",
    "7f80",
    "ff80",
    "7fc0",
    "8000",
  ]);
});

test("f16 is widened exactly", () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0x8000);
  const values = toFloat32(new Uint8Array(halves.buffer), "F16");
  expect(Array.from(values)).toEqual([1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, Number.POSITIVE_INFINITY, -0]);
  expect(toFloat32(new Uint8Array(Uint16Array.of(0x7e00).buffer), "F16")[0]).toBeNaN();
});

describe("a file that contradicts itself is refused with a sentence that names it", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["too short for a length", new Uint8Array(7), /a\.safetensors: expected at least the 8 bytes .* 7 bytes/],
    [
      "header longer than the file",
      pair.subarray(0, 60),
      /header says that it has \d+ bytes, but the file has only 60/,
    ],
    [
      "header length of 2^63",
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128),
      /at most 16777216 bytes, found a length of 9223372036854776000/,
    ],
    [
      "data cut off",
      pair.subarray(0, pair.length - 1),
      new RegExp(`end at byte ${pair.length}, but the file has ${pair.length - 1}`),
    ],
    ["bytes after the data", fileOf({ a: f32(0, 4) }, 5), /the tensors end at byte \d+, but the file has/],
    ["not JSON", fileOf('{"a": ', 0), /the header is not valid JSON/],
    ["not an object", fileOf("[1]", 0), /begins with "\{", found "\[1\]"/],
    ["not UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff), /expected UTF-8/],
    ["tensor is a number", fileOf({ a: 1 }, 0), /tensor "a": expected an object .* found 1/],
    ["unknown dtype", fileOf({ a: { ...f32(0, 4), dtype: "F4" } }, 4), /expected a dtype out of .* found "F4"/],
    ["dtype from the prototype", fileOf({ a: { ...f32(0, 4), dtype: "toString" } }, 4), /found "toString"/],
    ["negative shape", fileOf({ a: f32(0, 4, [-1]) }, 4), /shape of whole numbers, at most 16, found \[-1\]/],
    ["fractional shape", fileOf({ a: f32(0, 4, [0.5, 2]) }, 4), /shape of whole numbers/],
    ["shape that overflows", fileOf({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /larger than any file/],
    [
      "shape and offsets disagree",
      fileOf({ a: f32(0, 8, [3]) }, 8),
      /F32 of shape \(3\) has 12 bytes, but data_offsets \[0, 8\] span 8/,
    ],
    ["offsets backwards", fileOf({ a: f32(8, 4, [1]) }, 8), /begin <= end, found \[8,4\]/],
    [
      "three offsets",
      fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [0, 2, 4] } }, 4),
      /data_offsets \[begin, end\]/,
    ],
    [
      "overlap",
      fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12),
      /tensor "b" overlaps .* expected to begin at byte 8 .* found 4/,
    ],
    ["hole", fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12), /tensor "b" leaves a hole .* byte 4 .* found 8/],
    ["beyond the end", fileOf({ a: f32(0, 4000) }, 4), /the tensors end at byte/],
    [
      "a name twice",
      fileOf(`{"a":${JSON.stringify(f32(0, 4))},"a":${JSON.stringify(f32(0, 4))}}`, 4),
      /names "a" twice/,
    ],
    [
      "a name twice, once escaped",
      fileOf(`{"a":${JSON.stringify(f32(0, 4))},"\\u0061" :${JSON.stringify(f32(0, 4))}}`, 4),
      /names "a" twice/,
    ],
    [
      "a field twice",
      fileOf('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4),
      /names "shape" twice/,
    ],
    [
      "metadata that is not text",
      fileOf({ __metadata__: { step: 3 }, a: f32(0, 4) }, 4),
      /metadata "step" to be a string, found 3/,
    ],
  ];
  test.each(cases)("%s", async (_, bytes, sentence) => {
    await expect(read(bytes)).rejects.toThrow(sentence);
  });

  test("a reader that returns less than asked for", async () => {
    await expect(readHeader(async () => new Uint8Array(3), 100, "a.safetensors")).rejects.toThrow(
      /expected 8 bytes from byte 0 on, found 3/,
    );
  });

  test("writing a tensor whose values do not fill its shape, or two of one name", () => {
    const tensor = { name: "a", dtype: "F32" as const, shape: [2], values: new Float32Array(3) };
    expect(() => writeSafetensors([tensor])).toThrow('Tensor "a" of shape (2) needs 2 values, found 3');
    expect(() =>
      writeSafetensors([
        { ...tensor, shape: [3] },
        { ...tensor, shape: [3] },
      ]),
    ).toThrow('Two tensors to write are named "a"');
  });
});

test("a key may stand in two different objects, and a string may hold brackets and quotes", async () => {
  const { metadata } = await read(
    fileOf({ __metadata__: { a: '{"a": [', format: 'x":"' }, a: f32(0, 4), b: f32(4, 8) }, 8),
  );
  expect(metadata.a).toBe('{"a": [');
});

test("random damage is either refused or leaves tensors that lie within the file", async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const headerEnd = (await read(pair)).tensors[0]!.startByte;
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = pair.slice(0, random(4) === 0 ? random(pair.length + 1) : pair.length);
    for (let flips = 1 + random(3); flips > 0 && bytes.length > 0; flips--)
      bytes[random(Math.min(headerEnd, bytes.length))]! ^= 1 << random(8);
    try {
      for (const tensor of await openCheckpoint(folder({ "model.safetensors": bytes }))) {
        const stored = await tensor.bytes();
        expect(stored.length).toBeLessThanOrEqual(bytes.length);
        if (tensor.dtype === "F32")
          expect((await tensor.values()).length).toBe(tensor.shape.reduce((a, b) => a * b, 1));
      }
    } catch (error) {
      expect((error as Error).message).toMatch(/^model\.safetensors: /);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1500);
});

describe("a checkpoint in shards", () => {
  const shard = (name: string, value: number) =>
    writeSafetensors([{ name, dtype: "F32", shape: [1], values: Float32Array.of(value) }]);
  const index = (weight_map: object) => ({ metadata: { total_size: 8 }, weight_map });

  test("is read through its index", async () => {
    const tensors = await openCheckpoint(
      folder({
        "model.safetensors.index.json": index({ a: "m-1.safetensors", b: "m-2.safetensors" }),
        "m-1.safetensors": shard("a", 1),
        "m-2.safetensors": shard("b", 2),
      }),
    );
    expect(await Promise.all(tensors.map(async (t) => [t.name, t.file, ...(await t.values())]))).toEqual([
      ["a", "m-1.safetensors", 1],
      ["b", "m-2.safetensors", 2],
    ]);
  });

  test("holds what its files hold, whatever the index says of it", async () => {
    const tensors = await openCheckpoint(
      folder({
        "model.safetensors.index.json": index({ b: "m-1.safetensors", a: "m-2.safetensors" }),
        "m-1.safetensors": shard("a", 1),
        "m-2.safetensors": shard("c", 2),
      }),
    );
    expect(tensors.map(({ name, file }) => [name, file])).toEqual([
      ["a", "m-1.safetensors"],
      ["c", "m-2.safetensors"],
    ]);
  });

  test.each([
    ["neither file nor index", {}, /Expected model\.safetensors or .* found neither/],
    [
      "a missing shard",
      { "model.safetensors.index.json": index({ a: "m-1.safetensors" }) },
      /m-1\.safetensors: expected this part/,
    ],
    [
      "a tensor in two of them",
      {
        "model.safetensors.index.json": index({ a: "m.safetensors", b: "n.safetensors" }),
        "m.safetensors": shard("a", 1),
        "n.safetensors": shard("a", 1),
      },
      /m\.safetensors and n\.safetensors both hold tensor "a"/,
    ],
    [
      "more of them than any model has",
      {
        "model.safetensors.index.json": index(
          Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`t${i}`, `m-${i}.safetensors`])),
        ),
      },
      /expected at most 1000 files, found 2000/,
    ],
    [
      "a path out of the folder",
      { "model.safetensors.index.json": index({ a: "../m.safetensors" }) },
      /expected the name of a \.safetensors file .* found "\.\.\/m\.safetensors"/,
    ],
    ["no map", { "model.safetensors.index.json": {} }, /expected an object "weight_map", found nothing/],
    ["no JSON", { "model.safetensors.index.json": new Uint8Array([0x7b]) }, /index\.json is not valid JSON/],
  ] as [string, Record<string, Uint8Array | object>, RegExp][])("with %s", async (_, files, sentence) => {
    await expect(openCheckpoint(folder(files))).rejects.toThrow(sentence);
  });

  test("with integers: they are listed, but are not weights", async () => {
    const bytes = fileOf({ a: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, 8);
    const [tensor] = (await openCheckpoint(folder({ "model.safetensors": bytes }))) as [StoredTensor];
    expect((await tensor.bytes()).length).toBe(8);
    await expect(tensor.values()).rejects.toThrow(
      'model.safetensors: expected tensor "a" in F32, F16 or BF16, found I64',
    );
  });
});
