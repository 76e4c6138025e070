/**
 * Takes PNG's row filters back.
 * @param filtered  rows of 1 + rowBytes, the filter's number first
 * @param pixelBytes distance to the left neighbour, at least 1
 * @returns (rows, rowBytes)
 */
export function unfilter(filtered: Uint8Array, rowBytes: number, pixelBytes: number): Uint8Array {
  const rows = filtered.length / (1 + rowBytes);
  const out = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (1 + rowBytes) + 1;
    const to = row * rowBytes;
    const filter = filtered[from - 1]!;
    if (filter > 4) throw new Error(`This PNG uses row filter ${filter}, the format knows 0 to 4; the file is damaged`);
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= pixelBytes ? out[to + i - pixelBytes]! : 0;
      const above = row > 0 ? out[to + i - rowBytes]! : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) {
        const corner = row > 0 && i >= pixelBytes ? out[to + i - rowBytes - pixelBytes]! : 0;
        guess = paeth(left, above, corner);
      }
      out[to + i] = filtered[from + i]! + guess;
    }
  }
  return out;
}

/** Of the three neighbours the one nearest to left + above - corner; ties go in that order. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
