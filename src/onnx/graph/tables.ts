/** Of a table of pairs (cos, sin), one of the two. */
export const columnsOf = (table: Float32Array, part: 0 | 1): Float32Array =>
  Float32Array.from({ length: table.length / 2 }, (_, i) => table[i * 2 + part] ?? 0);
