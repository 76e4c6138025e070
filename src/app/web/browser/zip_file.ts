/** Whether a file begins as zip archives do. */
export async function isZip(blob: Blob): Promise<boolean> {
  const [first, second, third, fourth] = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  return first === 0x50 && second === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6));
}
