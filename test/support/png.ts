import type { Pixels } from "../../src/image/pixels.ts";

/** Bytes of a file beside the tests; works wherever `fetch` reads the module's own origin (Deno, Vite's server). */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

/** Pixels of an 8-bit RGB PNG without interlace: all that expected pictures need. */
export async function readPng(url: URL): Promise<Pixels> {
  const bytes = await readBytes(url);
  const view = new DataView(bytes.buffer);
  let width = 0;
  let height = 0;
  const compressed: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IHDR") {
      width = view.getUint32(at + 8);
      height = view.getUint32(at + 12);
      const kind = [...bytes.subarray(at + 16, at + 21)].join();
      if (kind !== "8,2,0,0,0")
        throw new Error(`${url} should be 8-bit RGB without interlace (8,2,0,0,0), found ${kind}`);
    }
    if (type === "IDAT") compressed.push(bytes.slice(at + 8, at + 8 + length));
    at += length + 12;
  }
  const inflated = new Blob(compressed).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(inflated).arrayBuffer());
  const rowBytes = width * 3;
  const data = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (rowBytes + 1)]!;
    for (let i = 0; i < rowBytes; i++) {
      const to = y * rowBytes + i;
      const left = i < 3 ? 0 : data[to - 3]!;
      const up = y === 0 ? 0 : data[to - rowBytes]!;
      const corner = i < 3 || y === 0 ? 0 : data[to - rowBytes - 3]!;
      data[to] = rows[y * (rowBytes + 1) + 1 + i]! + predicted(filter, left, up, corner);
    }
  }
  return { width, height, data };
}

/** PNG's five row filters. */
function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default: {
      const toLeft = Math.abs(up - corner);
      const toUp = Math.abs(left - corner);
      const toCorner = Math.abs(left + up - 2 * corner);
      return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }
  }
}
