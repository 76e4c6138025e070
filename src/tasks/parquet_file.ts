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
  snappyUncompress,
} from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteSource } from "./byte_source.ts";
import { checkPages, type Levels } from "./parquet_check.ts";

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
  const slice = (startByte: number, endByte = source.sizeBytes) => read(startByte, endByte);
  const written = await parquetMetadataAsync({ byteLength: source.sizeBytes, slice }, { geoparquet: false });
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
  let compressors: Compressors = {};
  if ([...codecs].some((codec) => codec !== undefined && !ownCodecs.includes(codec)))
    compressors = (await import("./parquet_codecs.ts")).codecs;

  const unpack = (codec: CompressionCodec) => (bytes: Uint8Array, length: number) => {
    if (codec === "UNCOMPRESSED") return bytes;
    const known = compressors[codec];
    if (known) return known(bytes, length);
    if (codec !== "SNAPPY") throw new Error(`it is packed with ${codec}, which nothing here unpacks`);
    const out = new Uint8Array(length);
    snappyUncompress(bytes, out);
    return out;
  };
  return {
    metadata,
    root: parquetSchema(metadata),
    rows: async (described) => {
      const root = parquetSchema(described);
      const held: Held[] = [];
      for (const { meta_data } of described.row_groups.flatMap(({ columns }) => columns)) {
        if (!meta_data) throw new Error("a column lacks its description");
        const startByte = Number(meta_data.dictionary_page_offset || meta_data.data_page_offset);
        const bytes = await read(startByte, startByte + Number(meta_data.total_compressed_size));
        const levels = levelsOf(root, meta_data.path_in_schema);
        checkPages(new Uint8Array(bytes), Number(meta_data.num_values), levels, pageHeader, unpack(meta_data.codec));
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

function pageHeader(bytes: Uint8Array): { header: PageHeader; headerBytes: number } {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  return { header: parquetHeader(reader), headerBytes: reader.offset };
}

interface Held {
  startByte: number;
  endByte: number;
  bytes: ArrayBuffer;
}

/** Bytes of columns in memory; a few that nobody needs may stand between two of them. */
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

/** What the levels of a leaf count: lists on its way, and places where a value may be missing. */
function levelsOf(root: SchemaTree, path: readonly string[]): Levels {
  const levels = { repetition: 0, definition: 0 };
  let node = root;
  for (const name of path) {
    const child = node.children.find(({ element }) => element.name === name);
    if (!child) throw new Error(`it has a column ${path.join(".")} that its schema lacks`);
    node = child;
    if (node.element.repetition_type === "REPEATED") levels.repetition++;
    if (node.element.repetition_type !== "REQUIRED") levels.definition++;
  }
  return levels;
}
