/**
 * Unpacks a zlib stream of a known size by the engine's own DecompressionStream. Reads no more than that size, so a
 * stream that unpacks to far more costs nothing, and bytes behind its end do not matter.
 */
export async function inflate(parts: readonly Uint8Array<ArrayBuffer>[], sizeBytes: number): Promise<Uint8Array> {
  const reader = new Blob([...parts]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const out = new Uint8Array(sizeBytes);
  let filled = 0;
  try {
    while (filled < sizeBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value.subarray(0, sizeBytes - filled), filled);
      filled += Math.min(value.length, sizeBytes - filled);
    }
  } catch (error) {
    throw new Error("This picture's compressed data is damaged", { cause: error });
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (filled < sizeBytes)
    throw new Error(`This picture's data ends after ${filled} of ${sizeBytes} bytes; the file is not whole`);
  return out;
}
