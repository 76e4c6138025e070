/**
 * Undoes PNG's row filter, in place.
 * @param row        the filter's number, then the row's filtered bytes
 * @param above      the row above without its filter, likewise with a byte before it; zeros for the first
 * @param pixelBytes distance to the left neighbour, at least 1
 * @throws Error with one sentence where the format knows no such filter
 */
export function unfilter(row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const [filter] = row;
  const first = Math.min(row.length, 1 + pixelBytes);
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = first; i < row.length; i++) row[i] = row[i]! + row[i - pixelBytes]!;
      return;
    case 2:
      for (let i = 1; i < row.length; i++) row[i] = row[i]! + above[i]!;
      return;
    case 3:
      for (let i = 1; i < first; i++) row[i] = row[i]! + (above[i]! >> 1);
      for (let i = first; i < row.length; i++) row[i] = row[i]! + ((row[i - pixelBytes]! + above[i]!) >> 1);
      return;
    case 4:
      // Without a left neighbour the one above is the nearest.
      for (let i = 1; i < first; i++) row[i] = row[i]! + above[i]!;
      for (let i = first; i < row.length; i++)
        row[i] = row[i]! + paeth(row[i - pixelBytes]!, above[i]!, above[i - pixelBytes]!);
      return;
    default:
      throw new Error(`This PNG uses row filter ${filter}, the format knows 0 to 4; the file is damaged`);
  }
}

/** Of the three neighbours the one nearest to left + above - corner; ties go in that order. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
