import type { ByteSource } from "../byte_source.ts";
import { Recent } from "../recent.ts";
import { TooLarge } from "./check.ts";
import { openParquetFile, type ParquetFile, type RowGroup } from "./file.ts";
import { pagesBetween } from "./page_headers.ts";
import { type RowRange, rangeAt, rowRangesOf } from "./pages.ts";
import { type BlobLeaf, blobLeaves, narrowed, pathKey } from "./schema.ts";
import { blobsIn, bytesIn, NotRead, noting, plain, reason } from "./values.ts";

/** A part of a table that is stored together. */
export interface Group {
  firstRow: number;
  rows: number;
}

/** Where pages cannot be distinguished, this much of a column is read at once. */
const largestChunkBytes = 1 << 29;
/** Bytes of pictures' files, and groups of the other columns, that are cached. */
const recentBlobBytes = 1 << 27;
const recentGroups = 4;
const mostBlobRows = 1 << 22;
/** Their numbers are shuffled in memory. */
const mostRows = 4e6;

/**
 * A parquet file, read in parts, on disk and over a network alike: raw bytes (pictures) a page at a time, the other
 * columns a row group at a time. How much a page holds is the writer's choice: pyarrow ends one after 1,024 rows at
 * the latest, and looks at its size only then.
 */
export class ParquetTable {
  readonly name: string;
  readonly rows: number;
  readonly groups: readonly Group[];
  /** Names of the columns, in the file's order. */
  readonly columns: readonly string[];
  /** Codecs of its chunks, e.g. ["SNAPPY"]. */
  readonly codecs: readonly string[];
  readonly #source: ByteSource;
  readonly #file: ParquetFile;
  readonly #blobs: readonly BlobLeaf[];
  readonly #plain = new Recent<Record<string, unknown>[]>(recentGroups, () => 1);
  readonly #layouts = new Map<string, Promise<RowRange[]>>();
  readonly #damage = new Map<string, Error>();
  readonly #ranges = new Recent<unknown[]>(recentBlobBytes, (rows) => bytesIn(rows));

  /**
   * Reads the file's description.
   * @param rawColumns columns of text that are as large as pictures: they are read as raw bytes, a page at a time
   * @throws Error with one sentence where it is not a whole parquet file
   */
  static async open(source: ByteSource, rawColumns: readonly string[] = []): Promise<ParquetTable> {
    try {
      if (source.sizeBytes < 12) throw new Error(`it has ${source.sizeBytes} bytes`);
      const read = noting(source);
      return new ParquetTable(read, await openParquetFile(read, rawColumns));
    } catch (error) {
      throw new Error(
        `${source.name}: expected a whole parquet file, found one that cannot be read: ${reason(error)}; download it again`,
        { cause: error },
      );
    }
  }

  private constructor(source: ByteSource, file: ParquetFile) {
    this.name = source.name;
    this.#source = source;
    this.#file = file;
    const { row_groups } = file.metadata;
    let firstRow = 0;
    this.groups = row_groups.map((group) => {
      const rows = Number(group.num_rows);
      const found = { firstRow, rows };
      firstRow += rows;
      if (!(rows >= 0) || firstRow > mostRows) throw new Error(`a row group says that it has ${rows} rows`);
      return found;
    });
    this.rows = firstRow;
    if (Number(file.metadata.num_rows) !== firstRow)
      throw new Error(`it says that it has ${file.metadata.num_rows} rows, its groups have ${firstRow}`);
    this.columns = file.root.children.map(({ element }) => element.name);
    const codecs = row_groups.flatMap((group) => group.columns.map(({ meta_data }) => meta_data?.codec ?? "unknown"));
    this.codecs = [...new Set(codecs)];
    this.#blobs = blobLeaves(file.root);
  }

  /**
   * The columns of a row but for its raw bytes, which are left out of their structs: `images: [{ path }]`. Whole
   * numbers of 64 bits become numbers where they fit, text where not; dates become text.
   */
  async row(index: number): Promise<Record<string, unknown>> {
    const group = this.#groupOf(index);
    return plain((await this.#plainRows(group))[index - this.groups[group]!.firstRow]) as Record<string, unknown>;
  }

  /**
   * The raw bytes in a column of a row, in order; null where an entry has none. Empty where the column is null, the
   * list is empty, or there is no such column of bytes.
   */
  async blobs(column: string, index: number): Promise<(Uint8Array | null)[]> {
    const leaf = this.#blobs.find((blob) => blob.column === column);
    if (!leaf) return [];
    const groupIndex = this.#groupOf(index);
    const row = index - this.groups[groupIndex]!.firstRow;
    return this.#reading(groupIndex, column, async () => {
      const range = rangeAt(await this.#layout(groupIndex, leaf), row);
      const key = `${pathKey(leaf.path)}/${groupIndex}/${range.firstRow}`;
      const rows = await this.#ranges.get(key, () => this.#readRange(groupIndex, leaf, range));
      return blobsIn(rows[row - range.firstRow]);
    });
  }

  #groupOf(row: number): number {
    if (!(row >= 0 && row < this.rows)) throw new Error(`${this.name} has rows 0 to ${this.rows - 1}, found ${row}`);
    let low = 0;
    let high = this.groups.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { firstRow, rows } = this.groups[middle]!;
      if (firstRow + rows <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #plainRows(group: number): Promise<Record<string, unknown>[]> {
    return this.#plain.get(String(group), () =>
      this.#reading(group, "its columns", async () => {
        const blobs = new Set(this.#blobs.map(({ path }) => pathKey(path)));
        const rows = await this.#rows(this.#file.metadata.row_groups[group]!, (path) => !blobs.has(pathKey(path)));
        if (rows.length !== this.groups[group]!.rows)
          throw new Error(`${rows.length} rows where ${this.groups[group]!.rows} are promised`);
        return rows;
      }),
    );
  }

  #rows(group: RowGroup, keep: (path: readonly string[]) => boolean): Promise<Record<string, unknown>[]> {
    return this.#file.rows(narrowed(this.#file.metadata, this.#file.root, group, keep));
  }

  /** Where the pages of a column of bytes begin and which rows they hold. */
  #layout(group: number, leaf: BlobLeaf): Promise<RowRange[]> {
    const key = `${pathKey(leaf.path)}/${group}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#findLayout(group, leaf);
      layout.catch(() => this.#layouts.delete(key));
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  async #findLayout(group: number, leaf: BlobLeaf): Promise<RowRange[]> {
    const { rows } = this.groups[group]!;
    const { startByte, endByte, values } = this.#chunk(group, leaf);
    if (leaf.repeated && !leaf.sibling) {
      // Only the pages themselves say which row a value belongs to.
      if (endByte - startByte > largestChunkBytes)
        throw new Error(
          `${endByte - startByte} bytes would have to be read at once; write the file again with smaller row groups`,
        );
      return [{ firstRow: 0, endRow: rows, startByte, endByte, usesDictionary: true }];
    }
    if (!leaf.repeated && values !== rows) throw new Error(`${values} values where its rows need ${rows}`);
    if (rows > mostBlobRows) throw new Error(`${rows} rows in one row group; write it again with smaller ones`);
    const before = leaf.repeated
      ? await this.#valuesBefore(group, leaf)
      : Array.from({ length: rows + 1 }, (_, i) => i);
    if (before[rows] !== values) throw new Error(`${values} values where its rows need ${before[rows]}`);
    return rowRangesOf(await pagesBetween(this.#source, this.#file, startByte, endByte), before);
  }

  /** Entries of a list's column before each row, counted in a small column of the same list. */
  async #valuesBefore(group: number, { column, sibling }: BlobLeaf): Promise<number[]> {
    const key = pathKey(sibling!);
    const rows = await this.#rows(this.#file.metadata.row_groups[group]!, (path) => pathKey(path) === key);
    const before = [0];
    // A row without a list, or with an empty one, takes an entry too.
    for (const row of rows) before.push(before.at(-1)! + Math.max(1, (row[column] as unknown[] | null)?.length ?? 0));
    return before;
  }

  async #readRange(group: number, leaf: BlobLeaf, range: RowRange): Promise<unknown[]> {
    const row_group = this.#file.metadata.row_groups[group]!;
    const chunk = this.#chunk(group, leaf);
    const startByte = range.usesDictionary ? chunk.startByte : range.startByte;
    const described = {
      ...row_group,
      num_rows: BigInt(range.endRow - (range.usesDictionary ? 0 : range.firstRow)),
      columns: row_group.columns.map((column) =>
        pathKey(column.meta_data?.path_in_schema ?? []) !== pathKey(leaf.path)
          ? column
          : {
              ...column,
              meta_data: {
                ...column.meta_data!,
                data_page_offset: BigInt(startByte),
                dictionary_page_offset: undefined,
                total_compressed_size: BigInt(range.endByte - startByte),
              },
            },
      ),
    };
    const rows = await this.#rows(described, (path) => pathKey(path) === pathKey(leaf.path));
    return rows.slice(range.usesDictionary ? range.firstRow : 0).map((row) => row[leaf.column]);
  }

  #chunk(group: number, leaf: BlobLeaf): { startByte: number; endByte: number; values: number } {
    const found = this.#file.metadata.row_groups[group]!.columns.find(
      ({ meta_data }) => meta_data && pathKey(meta_data.path_in_schema) === pathKey(leaf.path),
    )?.meta_data;
    if (!found) throw new Error("the row group lacks it");
    const startByte = Number(found.dictionary_page_offset || found.data_page_offset);
    const endByte = startByte + Number(found.total_compressed_size);
    if (!(startByte >= 4 && endByte >= startByte && endByte <= this.#source.sizeBytes))
      throw new Error(
        `it says that it stands in bytes ${startByte} to ${endByte} of a file of ${this.#source.sizeBytes}`,
      );
    return { startByte, endByte, values: Number(found.num_values) };
  }

  /** Damage in a part of the file is cached, being permanent and costly to find. A failed read may succeed later. */
  async #reading<T>(group: number, what: string, work: () => Promise<T>): Promise<T> {
    const key = `${group}/${what}`;
    const known = this.#damage.get(key);
    if (known) throw known;
    try {
      return await work();
    } catch (error) {
      const { firstRow, rows } = this.groups[group]!;
      const why = error instanceof TooLarge ? error.message : `the file is damaged or not whole (${reason(error)})`;
      const found = new Error(`${this.name}, rows ${firstRow} to ${firstRow + rows - 1}, ${what}: ${why}`, {
        cause: error,
      });
      if (!(error instanceof NotRead)) this.#damage.set(key, found);
      throw found;
    }
  }
}
