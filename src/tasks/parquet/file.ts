import {
  type CompressionCodec,
  type Compressors,
  type FileMetaData,
  type PageHeader,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteSource } from "../byte_source.ts";
import { unpackSnappy } from "../compression/snappy.ts";
import { Allowance, checkPages, type Leaf } from "./check.ts";
import { checkThrift } from "./thrift.ts";

export type { FileMetaData, PageHeader, RowGroup, SchemaTree };

/** Codecs that need no others' code. */
const ownCodecs = ["UNCOMPRESSED", "SNAPPY"];

/** A parquet file as hyparquet reads it. This is the one file that knows hyparquet. */
export interface ParquetFile {
  metadata: FileMetaData;
  root: SchemaTree;
  /** The rows that a description (the file's own, or a narrowed one) promises. */
  rows(metadata: FileMetaData): Promise<Record<string, unknown>[]>;
  /** A page's header, and how many bytes it took. @throws where `bytes` holds no whole one */
  pageHeader(bytes: Uint8Array): { header: PageHeader; headerBytes: number };
}

/**
 * Reads the end of the file, where it is described.
 * @param rawColumns columns of text that are read as the bytes they are
 */
export async function openParquetFile(source: ByteSource, rawColumns: readonly string[] = []): Promise<ParquetFile> {
  const read = async (startByte: number, endByte: number): Promise<ArrayBuffer> => {
    if (startByte < 0 || endByte > source.sizeBytes || endByte < startByte)
      throw new Error(
        `it says that something stands in bytes ${startByte} to ${endByte}, but it has ${source.sizeBytes}`,
      );
    const bytes = await source.read(startByte, endByte);
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  };
  // Read once: the description is checked before hyparquet reads it, in the same piece.
  const tail = { startByte: Math.max(0, source.sizeBytes - tailBytes), bytes: new ArrayBuffer(0) };
  tail.bytes = await read(tail.startByte, source.sizeBytes);
  const slice = async (startByte: number, endByte = source.sizeBytes) =>
    startByte >= tail.startByte
      ? tail.bytes.slice(startByte - tail.startByte, endByte - tail.startByte)
      : read(startByte, endByte);
  await checkDescription(source.sizeBytes, slice);
  const written = await parquetMetadataAsync({ byteLength: source.sizeBytes, slice }, { geoparquet: false });
  checkSchema(written.schema);
  const metadata: FileMetaData = {
    ...written,
    schema: written.schema.map((element) =>
      rawColumns.includes(element.name) && element.type === "BYTE_ARRAY"
        ? { ...element, converted_type: undefined, logical_type: undefined }
        : element,
    ),
  };
  const codecs = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map(({ meta_data }) => meta_data?.codec)),
  );
  let compressors: Compressors = { SNAPPY: unpackSnappy };
  if ([...codecs].some((codec) => codec !== undefined && !ownCodecs.includes(codec)))
    compressors = { ...compressors, ...(await import("./codecs.ts")).codecs };

  const unpack = (codec: CompressionCodec) => (bytes: Uint8Array, length: number) => {
    if (codec === "UNCOMPRESSED") {
      if (bytes.length !== length) throw new Error(`a page has ${bytes.length} bytes where ${length} are promised`);
      return bytes;
    }
    const known = compressors[codec];
    if (!known) throw new Error(`it is packed with ${codec ?? "an unknown codec"}, which nothing here unpacks`);
    return known(bytes, length);
  };
  return {
    metadata,
    root: parquetSchema(metadata),
    rows: async (described) => {
      const root = parquetSchema(described);
      const held: Held[] = [];
      const packedBytes = described.row_groups
        .flatMap(({ columns }) => columns)
        .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0);
      const allowance = new Allowance(packedBytes);
      const rows = described.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
      allowance.takeValues(rows);
      for (const { meta_data } of described.row_groups.flatMap(({ columns }) => columns)) {
        if (!meta_data) throw new Error("a column lacks its description");
        const startByte = Number(meta_data.dictionary_page_offset || meta_data.data_page_offset);
        const bytes = await read(startByte, startByte + Number(meta_data.total_compressed_size));
        // Every row has an entry at least. Readers allocate as many rows as are promised.
        if (!(Number(meta_data.num_values) >= rows))
          throw new Error(`a column has ${meta_data.num_values} values for ${rows} rows`);
        const leaf = leafOf(root, meta_data.path_in_schema);
        checkPages(
          new Uint8Array(bytes),
          Number(meta_data.num_values),
          leaf,
          pageHeader,
          unpack(meta_data.codec),
          allowance,
        );
        held.push({ startByte, endByte: startByte + bytes.byteLength, bytes });
      }
      return parquetReadObjects({
        file: { byteLength: source.sizeBytes, slice: (startByte, endByte) => heldSlice(held, startByte, endByte!) },
        metadata: described,
        // Unless columns are named, what stands between two of them is asked for too.
        columns: root.children.map(({ element }) => element.name),
        compressors,
        // By default text would be made of bytes that are a picture.
        utf8: false,
        geoparquet: false,
      });
    },
    pageHeader,
  };
}

/** What hyparquet reads of a file's end at first. */
const tailBytes = 1 << 19;
/** The description stands at the end, its length and the file's mark behind it. */
const markBytes = 8;
/** Columns, and what they are nested in. */
const mostElements = 4096;
const deepestNesting = 32;

/** Checks the description before memory is allocated for what it announces. @throws Error that says what is wrong */
async function checkDescription(
  sizeBytes: number,
  read: (startByte: number, endByte: number) => Promise<ArrayBuffer>,
): Promise<void> {
  const tail = new DataView(await read(sizeBytes - markBytes, sizeBytes));
  const length = tail.getUint32(0, true);
  if (tail.getUint32(4) !== 0x50415231) throw new Error("it does not end in PAR1");
  if (length > sizeBytes - markBytes)
    throw new Error(`it says that its description has ${length} of ${sizeBytes} bytes`);
  checkThrift(new Uint8Array(await read(sizeBytes - markBytes - length, sizeBytes - markBytes)));
}

/** The tree is written as a list, each element with the number of its children. */
function checkSchema(schema: FileMetaData["schema"]): void {
  if (schema.length > mostElements) throw new Error(`it has ${schema.length} columns and groups of them`);
  const open: number[] = [1];
  for (const { num_children = 0, name } of schema) {
    if (typeof name !== "string") throw new Error("a column has no name");
    while (open.at(-1) === 0) open.pop();
    if (open.length === 0 || open.length > deepestNesting)
      throw new Error(open.length === 0 ? "its schema has loose ends" : "its columns are nested too deeply");
    open[open.length - 1]!--;
    if (!(num_children >= 0 && num_children < schema.length))
      throw new Error(`a group of columns says that it has ${num_children} of them`);
    open.push(num_children);
  }
  if (open.some((left) => left > 0)) throw new Error("its schema ends too early");
}

function pageHeader(bytes: Uint8Array): { header: PageHeader; headerBytes: number } {
  checkThrift(bytes);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  return { header: parquetHeader(reader), headerBytes: reader.offset };
}

interface Held {
  startByte: number;
  endByte: number;
  bytes: ArrayBuffer;
}

/** Bytes of columns in memory; a few unneeded ones may stand between two of them. */
function heldSlice(held: readonly Held[], startByte: number, endByte: number): ArrayBuffer {
  const one = held.find((chunk) => chunk.startByte === startByte && chunk.endByte === endByte);
  if (one) return one.bytes;
  const out = new Uint8Array(endByte - startByte);
  for (const chunk of held) {
    const from = Math.max(chunk.startByte, startByte);
    const to = Math.min(chunk.endByte, endByte);
    if (from < to) out.set(new Uint8Array(chunk.bytes, from - chunk.startByte, to - from), from - startByte);
  }
  return out.buffer;
}

/** A leaf's levels count the lists on its way, and the places where a value may be missing. */
function leafOf(root: SchemaTree, path: readonly string[]): Leaf {
  const leaf: Leaf = { repetition: 0, definition: 0 };
  let node = root;
  for (const name of path) {
    const child = node.children.find(({ element }) => element.name === name);
    if (!child) throw new Error(`it has a column ${path.join(".")} that its schema lacks`);
    node = child;
    if (node.element.repetition_type === "REPEATED") leaf.repetition++;
    if (node.element.repetition_type !== "REQUIRED") leaf.definition++;
  }
  leaf.type = node.element.type;
  leaf.valueBytes = node.element.type_length;
  return leaf;
}
