import { expect, test } from "vitest";
import { blobBytes, httpBytes } from "../../src/tasks/byte_source.ts";

const file = Uint8Array.from({ length: 50 }, (_, i) => i);
const address = "https://host.test/a.parquet";

/** A server that knows Range, and counts. */
function server() {
  const asked: string[] = [];
  const request = async (_: string, init: RequestInit) => {
    const range = (init.headers as Record<string, string>).Range!;
    asked.push(range);
    const [start, end] = range.slice(6).split("-").map(Number) as [number, number];
    return new Response(file.slice(start, end + 1), {
      status: 206,
      headers: { "Content-Range": `bytes ${start}-${end}/${file.length}` },
    });
  };
  return { asked, request };
}

test("a file behind a server is read in parts", async () => {
  const { asked, request } = server();
  const source = await httpBytes("a.parquet", address, request);
  expect(source.sizeBytes).toBe(50);
  expect([...(await source.read(10, 13))]).toEqual([10, 11, 12]);
  expect(asked).toEqual(["bytes=0-0", "bytes=10-12"]);
});

test("a file in memory too", async () => {
  const source = blobBytes("a", new Blob([file]));
  expect(source.sizeBytes).toBe(50);
  expect([...(await source.read(48, 50))]).toEqual([48, 49]);
});

test.each([
  [async () => new Response("whole", { status: 200 }), /one that sends the whole \(200\); download the file/],
  [async () => new Response("", { status: 404, statusText: "Not Found" }), /found 404 Not Found/],
  [async () => new Response("x", { status: 206 }), /expected a Content-Range .+ found "null"/],
  [async () => Promise.reject(new TypeError("refused")), /no answer from host\.test \(refused\)/],
])("a server that does otherwise, %#", async (request: () => Promise<Response>, message) => {
  await expect(httpBytes("a.parquet", address, request)).rejects.toThrow(message);
});

test("an answer that is too short", async () => {
  const { request } = server();
  const source = await httpBytes("a.parquet", address, request);
  await expect(source.read(40, 60)).rejects.toThrow("a.parquet: expected 20 bytes from 40, found 10");
});
