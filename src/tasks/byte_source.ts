/** A file that is read in parts: on disk, dropped into the page, or behind a server that knows Range. */
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

/**
 * A file behind a server that answers to Range. One byte is asked for first: what comes back says how large the file
 * is, and whether the server would have sent the whole of it.
 * @throws Error with one sentence where the server refuses, does not answer or sends whole files only
 */
export async function httpBytes(
  name: string,
  address: string,
  request: (address: string, init: RequestInit) => Promise<Response> = fetch,
): Promise<ByteSource> {
  const part = async (startByte: number, endByte: number): Promise<Response> => {
    const range = `bytes=${startByte}-${endByte - 1}`;
    const answer = await request(address, { headers: { Range: range } }).catch((error: Error) => {
      throw new Error(`${name}: no answer from ${new URL(address).host} (${error.message})`);
    });
    if (answer.status !== 206) {
      await answer.body?.cancel();
      throw new Error(
        answer.ok
          ? `${name}: expected a server that sends parts of a file (206), found one that sends the whole (${answer.status}); download the file and open it from disk`
          : `${name}: expected an answer of status 206, found ${answer.status} ${answer.statusText}`,
      );
    }
    return answer;
  };
  const first = await part(0, 1);
  await first.body?.cancel();
  const sizeBytes = Number(/^bytes 0-0\/(\d+)$/.exec(first.headers.get("Content-Range") ?? "")?.[1]);
  if (!(sizeBytes > 0))
    throw new Error(
      `${name}: expected a Content-Range that ends in the file's size, found "${first.headers.get("Content-Range")}"; the server must let pages read that header`,
    );
  return {
    name,
    sizeBytes,
    read: async (startByte, endByte) => {
      const bytes = new Uint8Array(await (await part(startByte, endByte)).arrayBuffer());
      if (bytes.length !== endByte - startByte)
        throw new Error(`${name}: expected ${endByte - startByte} bytes from ${startByte}, found ${bytes.length}`);
      return bytes;
    },
  };
}
