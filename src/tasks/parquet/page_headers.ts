import type { ByteSource } from "../byte_source.ts";
import type { PageHeader, ParquetFile } from "./file.ts";
import type { Page } from "./pages.ts";

/** Headers of pages are looked for in windows of this size; larger ones hold statistics that are not needed. */
const windowBytes = 16_384;
const largestHeaderBytes = 1 << 20;
const largestPageBytes = 1 << 30;

/**
 * The data pages of a column in bytes [startByte, endByte) of a file. Only headers are read, not what stands between them.
 * @throws Error where a page's size is wrong, or a header cannot be read
 */
export async function pagesBetween(
  source: ByteSource,
  file: Pick<ParquetFile, "pageHeader">,
  startByte: number,
  endByte: number,
): Promise<Page[]> {
  const headers = new PageHeaders(source, file, endByte);
  const pages: Page[] = [];
  for (let at = startByte; at < endByte; ) {
    const { header, headerBytes } = await headers.at(at);
    const size = header.compressed_page_size;
    const next = at + headerBytes + size;
    if (!(size >= 0) || next > endByte || !(header.uncompressed_page_size <= largestPageBytes))
      throw new Error("a page's size is wrong");
    const described = header.data_page_header ?? header.data_page_header_v2;
    if (described)
      pages.push({
        startByte: at,
        endByte: next,
        values: described.num_values,
        usesDictionary: described.encoding.endsWith("_DICTIONARY"),
      });
    at = next;
  }
  return pages;
}

/** Reads headers out of a window of the file, which often holds several. */
class PageHeaders {
  readonly #source: ByteSource;
  readonly #file: Pick<ParquetFile, "pageHeader">;
  readonly #endByte: number;
  #window = { startByte: 0, bytes: new Uint8Array(0) };

  constructor(source: ByteSource, file: Pick<ParquetFile, "pageHeader">, endByte: number) {
    this.#source = source;
    this.#file = file;
    this.#endByte = endByte;
  }

  async at(place: number): Promise<{ header: PageHeader; headerBytes: number }> {
    for (let length = windowBytes; ; length *= 8) {
      const { startByte, bytes } = this.#window;
      const inside = place - startByte;
      if (inside >= 0 && inside < bytes.length) {
        try {
          return this.#file.pageHeader(bytes.subarray(inside));
        } catch (error) {
          // It may extend beyond the window.
          if (length > largestHeaderBytes || startByte + bytes.length >= this.#endByte) throw error;
        }
      }
      const end = Math.min(place + length, this.#endByte);
      this.#window = { startByte: place, bytes: await this.#source.read(place, end) };
    }
  }
}
