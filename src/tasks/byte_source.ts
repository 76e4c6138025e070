/** A file that is read in parts: on disk, dropped into the page, or behind a server that answers Range requests. */
export interface ByteSource {
  /** For people, and the first part of its tasks' ids. */
  name: string;
  sizeBytes: number;
  /** Bytes [startByte, endByte), which lie inside the file. */
  read(startByte: number, endByte: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file held in memory, or dropped into the page. */
export function blobBytes(name: string, blob: Blob): ByteSource {
  return {
    name,
    sizeBytes: blob.size,
    read: async (startByte, endByte) => new Uint8Array(await blob.slice(startByte, endByte).arrayBuffer()),
  };
}
