import {
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
import type { ByteSource } from "./byte_source.ts";

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

/** Reads the end of the file, where it is described. */
export async function openParquetFile(source: ByteSource): Promise<ParquetFile> {
  const file = {
    byteLength: source.sizeBytes,
    slice: async (startByte: number, endByte = source.sizeBytes): Promise<ArrayBuffer> => {
      if (startByte < 0 || endByte > source.sizeBytes || endByte < startByte)
        throw new Error(
          `it says that something stands in bytes ${startByte} to ${endByte}, but it has ${source.sizeBytes}`,
        );
      const bytes = await source.read(startByte, endByte);
      return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    },
  };
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const codecs = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map(({ meta_data }) => meta_data?.codec)),
  );
  let compressors: Compressors = {};
  if ([...codecs].some((codec) => codec !== undefined && !ownCodecs.includes(codec)))
    compressors = (await import("./parquet_codecs.ts")).codecs;
  return {
    metadata,
    root: parquetSchema(metadata),
    rows: (described) => {
      // Unless columns are named, what stands between two of them is read along.
      const columns = parquetSchema(described).children.map(({ element }) => element.name);
      // By default text would be made of bytes that are a picture.
      return parquetReadObjects({ file, metadata: described, columns, compressors, utf8: false, geoparquet: false });
    },
    pageHeader: (bytes) => {
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      return { header: parquetHeader(reader), headerBytes: reader.offset };
    },
  };
}
