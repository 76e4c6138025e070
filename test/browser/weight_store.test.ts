import { afterEach, expect, test } from "vitest";
import { WeightStore } from "../../src/app/web/worker/weight_store.ts";

const pieceBytes = 2 ** 16;
const sizeBytes = 5 * pieceBytes + 100;
const content = Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 2654435761) >>> 24);

const storage = await navigator.storage.getDirectory();
const root = () => storage.getDirectoryHandle("weights of a test", { create: true });
afterEach(() => storage.removeEntry("weights of a test", { recursive: true }).catch(() => {}));

/** A server with one content, which notes what is fetched, and fails from some byte on. */
function network({ mark = '"a"', bytes = content, failsFrom = Number.POSITIVE_INFINITY } = {}) {
  const fetched: [number, number][] = [];
  return {
    fetched,
    sizeBytes: async () => bytes.length,
    version: async () => ({ commit: "c", mark }),
    read: async (_: string, start = 0, end = bytes.length) => {
      if (end > failsFrom) throw new Error("No answer from the server");
      fetched.push([start, Math.min(end, bytes.length)]);
      return bytes.slice(start, end);
    },
  };
}
/** Like toEqual, which takes seconds for so many numbers. */
const expectBytes = (found: Uint8Array, wanted: Uint8Array) =>
  expect(found.length === wanted.length && found.every((byte, i) => byte === wanted[i])).toBe(true);
const bytesOf = (fetched: [number, number][]) => fetched.reduce((sum, [start, end]) => sum + end - start, 0);
const store = (source: ReturnType<typeof network>) => new WeightStore(source, root, pieceBytes);
const folders = async () => (await Array.fromAsync((await root()).keys())) as string[];

test("every range is what the source has, and each byte is fetched once, also by the next page", async () => {
  const first = network();
  const weights = store(first);
  for (const [start, end] of [
    [0, 8],
    [8, 300],
    [pieceBytes - 1, pieceBytes + 1],
    [10, 3 * pieceBytes + 7],
    [sizeBytes - 3, sizeBytes],
    [0, sizeBytes + 1000],
    [7, 7],
  ])
    expectBytes(await weights.read("owner/name/model.safetensors", start, end), content.slice(start, end));
  expect(bytesOf(first.fetched)).toBe(sizeBytes);
  const second = network();
  // Elsewhere on the network, but the same content.
  expectBytes(await store(second).read("https://weights.example/model.safetensors"), content);
  expect(second.fetched).toEqual([]);
  expect(await weights.list()).toEqual([
    { key: expect.any(String), path: "https://weights.example/model.safetensors", sizeBytes, keptBytes: sizeBytes },
  ]);
});

test("a page that was closed meanwhile goes on where it stopped", async () => {
  const broken = network({ failsFrom: 3 * pieceBytes });
  await expect(store(broken).read("a")).rejects.toThrow("No answer from the server");
  expect(bytesOf(broken.fetched)).toBe(3 * pieceBytes);
  const again = network();
  expectBytes(await store(again).read("a"), content);
  expect(again.fetched[0]).toEqual([3 * pieceBytes, 4 * pieceBytes]);
  expect(bytesOf(again.fetched)).toBe(sizeBytes - 3 * pieceBytes);
});

test("a piece that is damaged or cut short is fetched again", async () => {
  await store(network()).read("a");
  const folder = await (await root()).getDirectoryHandle((await folders())[0]!);
  const change = async (name: string, to: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) => {
    const file = await folder.getFileHandle(name);
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
    const stream = await file.createWritable();
    await stream.write(to(bytes));
    await stream.close();
  };
  await change("1", (bytes) => bytes.fill(0, 1000, 1004));
  await change("4", (bytes) => bytes.slice(0, 1000));
  const again = network();
  expectBytes(await store(again).read("a"), content);
  expect(again.fetched).toEqual([
    [pieceBytes, 2 * pieceBytes],
    [4 * pieceBytes, 5 * pieceBytes],
  ]);
});

test("other content under the same path is another file; what nobody can tell apart, and small files, are not kept", async () => {
  await store(network()).read("a");
  const changed = network({ mark: '"b"', bytes: content.map((byte) => byte ^ 1) });
  expect(await store(changed).read("a", 0, 10)).toEqual(content.slice(0, 10).map((byte) => byte ^ 1));
  expect(await folders()).toHaveLength(2);
  const unnamed = { ...network(), version: async () => ({ commit: "", mark: "" }) };
  expect(await store(unnamed).read("a", 5, 9)).toEqual(content.slice(5, 9));
  expect(unnamed.fetched).toEqual([[5, 9]]);
  const small = network({ mark: '"c"', bytes: content.slice(0, 100) });
  expect(await store(small).read("a", 5, 9)).toEqual(content.slice(5, 9));
  expect(await folders()).toHaveLength(2);
});

/** Storage in which so many more pieces fit; removing a folder makes room for six. */
function fullAfter(pieces: number) {
  let left = pieces;
  const create = FileSystemFileHandle.prototype.createWritable;
  const removed: string[] = [];
  const limited = async () => {
    const folder = await root();
    const remove = folder.removeEntry.bind(folder);
    folder.removeEntry = async (name, options) => {
      left += 6;
      removed.push(name);
      await remove(name, options);
    };
    return folder;
  };
  FileSystemFileHandle.prototype.createWritable = async function (...options) {
    if (/^\d+$/.test(this.name) && left-- <= 0) throw new DOMException("no room", "QuotaExceededError");
    return create.apply(this, options);
  };
  return { root: limited, removed, restore: () => (FileSystemFileHandle.prototype.createWritable = create) };
}

test("where there is no room, what was used longest ago goes", async () => {
  await store(network({ mark: '"old"' })).read("old");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await store(network({ mark: '"newer"' })).read("newer");
  const limits = fullAfter(2);
  try {
    const weights = new WeightStore(network({ mark: '"new"' }), limits.root, pieceBytes);
    expectBytes(await weights.read("new"), content);
    expect(weights.problem).toBe(null);
    expect((await weights.list()).map(({ path, keptBytes }) => [path, keptBytes])).toEqual([
      ["new", sizeBytes],
      ["newer", sizeBytes],
    ]);
    expect(limits.removed).toHaveLength(1);
  } finally {
    limits.restore();
  }
});

test("where there is none still, the bytes come from the network, and a sentence says so", async () => {
  const limits = fullAfter(2);
  try {
    const source = network();
    const weights = new WeightStore(source, limits.root, pieceBytes);
    expectBytes(await weights.read("a"), content);
    expect(weights.problem).toContain("its storage is full; remove stored runs or models");
    source.fetched.length = 0;
    expect(await weights.read("a", 3 * pieceBytes, 3 * pieceBytes + 9)).toEqual(
      content.slice(3 * pieceBytes, 3 * pieceBytes + 9),
    );
    expect(source.fetched).toEqual([[3 * pieceBytes, 3 * pieceBytes + 9]]);
  } finally {
    limits.restore();
  }
});

test("what is removed is fetched anew", async () => {
  const weights = store(network());
  await weights.read("a");
  const key = (await weights.list())[0]!.key;
  await weights.remove(key);
  expect(await weights.list()).toEqual([]);
  expectBytes(await weights.read("a"), content);
  expect(await weights.list()).toMatchObject([{ keptBytes: sizeBytes }]);
});

test("a whole file comes in pieces, goes on where it was stopped, and is noted as checked", async () => {
  const first = network();
  const weights = store(first);
  for await (const piece of weights.pieces("a")) {
    expect(piece.length).toBe(pieceBytes);
    if (bytesOf(first.fetched) >= 2 * pieceBytes) break;
  }
  expect(await weights.kept("a")).toEqual({ keptBytes: 2 * pieceBytes, sha256: null });
  const second = network();
  const next = store(second);
  const whole: number[] = [];
  for await (const piece of next.pieces("a")) whole.push(...piece);
  expectBytes(Uint8Array.from(whole), content);
  expect(bytesOf(second.fetched)).toBe(sizeBytes - 2 * pieceBytes);
  await next.setChecked("a", "f".repeat(64));
  // Another page, which notes when it was used last.
  const third = store(network());
  expect(await third.kept("a")).toEqual({ keptBytes: sizeBytes, sha256: "f".repeat(64) });
  expect(await third.list()).toMatchObject([{ keptBytes: sizeBytes, checked: true }]);
  await third.forget("a");
  expect(await third.list()).toEqual([]);
});
