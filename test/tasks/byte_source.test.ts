import { expect, test } from "vitest";
import { blobBytes } from "../../src/tasks/byte_source.ts";

test("a file in memory is read in parts", async () => {
  const source = blobBytes("a", new Blob([Uint8Array.from({ length: 50 }, (_, i) => i)]));
  expect(source.sizeBytes).toBe(50);
  expect([...(await source.read(48, 50))]).toEqual([48, 49]);
});
