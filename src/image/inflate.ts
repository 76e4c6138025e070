/** Handed to the engine at once: no byte of a zlib stream unpacks to more than 1032, so 8 MiB come back at most. */
const pieceBytes = 8192;
/** No byte of a zlib stream unpacks to more than this many. */
export const maxInflation = 1032;

/**
 * Unpacks a zlib stream piece by piece by the engine's own DecompressionStream, and hands each piece to `take` until
 * that returns false: a stream that unpacks to far more costs no more than the wanted part of it, and bytes behind that
 * do not matter.
 * @param parts  [start, end) of the stream's parts in `bytes`
 * @param take   returns true for more; the piece is not used again
 * @throws Error with one sentence where the stream is damaged; where it ends early, `take` is merely not asked again
 */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  parts: readonly (readonly [number, number])[],
  take: (piece: Uint8Array) => boolean,
): Promise<void> {
  let part = 0;
  let at = parts[0]?.[0] ?? 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) => {
        let current = parts[part];
        while (current && at >= current[1]) {
          current = parts[++part];
          at = current?.[0] ?? 0;
        }
        if (!current) return controller.close();
        const end = Math.min(at + pieceBytes, current[1]);
        controller.enqueue(bytes.subarray(at, end));
        at = end;
      },
    },
    // Nothing is unpacked before it is read.
    { highWaterMark: 0 },
  );
  const reader = source.pipeThrough(new DecompressionStream("deflate")).getReader();
  // Apart from the reading, so that what `take` throws is not taken for damage.
  const next = () =>
    reader.read().catch((error: unknown) => {
      throw new Error("This picture's compressed data is damaged", { cause: error });
    });
  try {
    for (let piece = await next(); !piece.done; piece = await next()) if (!take(piece.value)) return;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
