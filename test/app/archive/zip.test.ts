import { expect, test } from "vitest";
import { readZip, unpackFile, unpackWhole } from "../../../src/app/archive/zip_reader.ts";
import { type FileToZip, writeZip } from "../../../src/app/archive/zip_writer.ts";
import { type ByteSource, blobBytes } from "../../../src/tasks/byte_source.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function archive(...files: FileToZip[]): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip(files, new Date(2026, 10, 28))) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
}

const source = (bytes: Uint8Array): ByteSource => blobBytes("a.zip", new Blob([bytes as BlobPart]));
const file = (name: string, text: string, deflate = true): FileToZip => ({ name, bytes: encode(text), deflate });

/** The archive with bytes changed behind the n-th occurrence of a signature. */
function changed(bytes: Uint8Array, signature: number, at: number, values: readonly number[], nth = 0): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  let found = -1;
  for (let i = 0; i + 4 <= copy.length; i++)
    if (view.getUint32(i, true) === signature && nth-- === 0) {
      found = i;
      break;
    }
  expect(found).toBeGreaterThanOrEqual(0);
  copy.set(values, found + at);
  return copy;
}
const central = 0x02014b50;

test("files come back, stored and packed", async () => {
  const long = "line\n".repeat(100_000);
  const bytes = await archive(file("run/é.json", "{}", false), file("run/log.jsonl", long), file("run/empty", ""));
  const files = await readZip(source(bytes));
  expect(files.map(({ name, sizeBytes, stored }) => [name, sizeBytes, stored])).toEqual([
    ["run/é.json", 2, true],
    ["run/log.jsonl", 500_000, false],
    ["run/empty", 0, false],
  ]);
  expect(bytes.length).toBeLessThan(5000);
  expect(new TextDecoder().decode(await unpackWhole(source(bytes), files[1]!, 500_000))).toBe(long);
  await expect(unpackWhole(source(bytes), files[1]!, 499_999)).rejects.toThrow(
    "500,000 bytes in run/log.jsonl, more than",
  );
  expect(await unpackWhole(source(bytes), files[2]!, 0)).toHaveLength(0);
});

test.each([
  "../up",
  "/root",
  "a/../../b",
  "a\\b",
  "C:/x",
  "a//b",
  "a/./b",
  "nul",
  "a\u0000b",
  "dot./x",
  "x".repeat(2000),
])("a name that leaves its folder is refused: %s", async (name) => {
  await expect(readZip(source(await archive(file(name, "x"))))).rejects.toThrow(
    "which not every system can write inside of a folder",
  );
});

test("links, passwords, other methods and double names are refused", async () => {
  const bytes = await archive(file("a", "one"), file("b", "two"));
  await expect(readZip(source(changed(bytes, central, 38, [0, 0, 0xff, 0xa1])))).rejects.toThrow(
    "a link or another thing",
  );
  await expect(readZip(source(changed(bytes, central, 8, [1])))).rejects.toThrow("a under a password");
  await expect(readZip(source(changed(bytes, central, 10, [93])))).rejects.toThrow("method 93; stored and deflate are");
  await expect(readZip(source(changed(bytes, central, 46, [0x41], 1)))).rejects.toThrow("two files called A");
});

test("a file that is a folder as well cannot be written", async () => {
  const both = await archive(file("run/files/a/b", "1"), file("run/files/A", "2"));
  await expect(readZip(source(both))).rejects.toThrow("found run/files/a/b, whose folder is a file as well;");
});

test("sizes that cannot be, shared content and a bomb are refused", async () => {
  const bytes = await archive(file("a", "one"), file("b", "two"));
  // 3 bytes that claim 2 GB
  await expect(readZip(source(changed(bytes, central, 24, [0, 0, 0, 0x7f])))).rejects.toThrow(
    "sizes of a that cannot be",
  );
  // The second file's content is the first's
  await expect(readZip(source(changed(bytes, central, 42, [0, 0, 0, 0], 1)))).rejects.toThrow(
    "over the next file's place",
  );
  const bomb = await archive(file("zeros", "0".repeat(1_000_000)));
  const [zeros] = await readZip(source(changed(bomb, central, 24, [100, 0, 0, 0])));
  const unpacked = async () => {
    for await (const _ of unpackFile(source(bomb), zeros!));
  };
  await expect(unpacked()).rejects.toThrow("more in zeros than its directory says");
});

test("damage is found, wherever it is", async () => {
  const bytes = await archive(file("a", "hello hello hello hello", false));
  const flipped = bytes.slice();
  flipped[60]! ^= 1;
  const [one] = await readZip(source(flipped));
  await expect(unpackWhole(source(flipped), one!, 100)).rejects.toThrow("damaged content in a");
  for (const length of [0, 10, bytes.length - 1])
    await expect(readZip(source(bytes.slice(0, length)))).rejects.toThrow(
      "Expected a zip archive in a.zip, found none",
    );
  // Any byte of the directory: a sentence, or the same files
  const directory = bytes.length - 22 - 47;
  for (let at = directory; at < bytes.length; at++) {
    const broken = bytes.slice();
    broken[at]! ^= 0xff;
    await readZip(source(broken)).then(
      (files) => expect(files.length).toBeLessThanOrEqual(1),
      (error) => expect((error as Error).message).toMatch(/a\.zip/),
    );
  }
});
