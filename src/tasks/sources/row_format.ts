import type { ByteSource } from "../byte_source.ts";
import type { ReadPicture } from "../rows/pictures.ts";
import type { RowSource } from "../rows/row.ts";

/** A file of tasks, and the pictures beside it. */
export interface TaskFile extends ByteSource {
  /** The whole file. */
  bytes(): Promise<Uint8Array>;
  /** Reads a picture by its path in the file's folder, or rejects. */
  readPicture: ReadPicture;
}

/** A kind of file whose rows are tasks. */
export interface RowFormat {
  /** Ending of the files' names, without the dot, in small letters. */
  readonly extension: string;
  /** For people. */
  readonly label: string;
  /** One line: what stands in such a file. */
  readonly help: string;
  /** @throws Error with one sentence where the file is no such file */
  open(file: TaskFile): Promise<RowSource>;
}
