/** One data page of a column, as its header describes it. */
export interface Page {
  /** Bytes [start, end) of the file, header included. */
  startByte: number;
  endByte: number;
  /** Entries: one per value, and one per row that has none. */
  values: number;
  /** Whether its values are numbers into the chunk's dictionary page. */
  usesDictionary: boolean;
}

/** Pages that can be read by themselves: they begin and end between two rows. */
export interface RowRange {
  firstRow: number;
  endRow: number;
  startByte: number;
  endByte: number;
  usesDictionary: boolean;
}

/**
 * Cuts a column's pages into the shortest ranges of whole rows. A page may end inside a row whose values go on in
 * the next one.
 * @param valuesBefore entries of the column before each row, and at the end their sum
 */
export function rowRangesOf(pages: readonly Page[], valuesBefore: readonly number[]): RowRange[] {
  const ranges: RowRange[] = [];
  let values = 0;
  let row = 0;
  let open: RowRange | undefined;
  for (const page of pages) {
    open ??= { firstRow: row, endRow: row, startByte: page.startByte, endByte: page.endByte, usesDictionary: false };
    open.endByte = page.endByte;
    open.usesDictionary ||= page.usesDictionary;
    values += page.values;
    while (row + 1 < valuesBefore.length && valuesBefore[row + 1]! <= values) row++;
    if (valuesBefore[row] !== values) continue;
    open.endRow = row;
    ranges.push(open);
    open = undefined;
  }
  const rows = valuesBefore.length - 1;
  if (open || row !== rows || values !== valuesBefore[rows])
    throw new Error(`its pages hold ${values} values where its rows need ${valuesBefore[rows]}`);
  return ranges;
}

/** The range that holds a row of the group. */
export function rangeAt(ranges: readonly RowRange[], row: number): RowRange {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.endRow <= row) low = middle + 1;
    else high = middle;
  }
  return ranges[low]!;
}
