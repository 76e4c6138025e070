/**
 * What differs between a browser and Deno, as types only. It imports nothing, so that every layer may import it;
 * it is filled in src/app/web/worker/platform.ts and src/app/deno/platform.ts.
 */

/** One file by its plain name, e.g. "model.safetensors". */
export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

/** A picture as its file holds it, before transparency and orientation are applied. */
export interface DecodedPicture {
  width: number;
  height: number;
  /** (height, width, 3), 8 bits; what `convert("RGB")` of Pillow gives: transparency is dropped, not composed. */
  rgb: Uint8Array;
  /** (height, width), 0 to 255, from a channel, a palette or a transparent colour; absent where nothing is transparent. */
  alpha?: Uint8Array;
  /** Whether Pillow calls the picture "RGBA": qwen-vl-utils composes those, and no others, on white. */
  isRgba: boolean;
  /** EXIF orientation, 1 to 8; 1 is upright. */
  orientation: number;
  /** The same picture where something else holds it (src/image/held.ts): an opaque one, whose `rgb` is read when it is asked for. */
  held?: { width: number; height: number; data: Uint8Array };
}

export interface PictureDecoder {
  /** As `decode` of src/image/decode.ts, with the same errors. */
  decode(bytes: Uint8Array): Promise<DecodedPicture>;
  ways(): Promise<PictureWays>;
}

/** Which picture files are decoded by what. */
export interface PictureWays {
  /** Why nothing is decoded by the engine; null where something is. */
  problem: string | null;
  /** Properties of files, and why those that have it are decoded by our own code; null where the engine decodes them. */
  properties: { name: string; why: string | null }[];
  /** Pictures by which that was found. */
  pictures: number;
  /** Smaller pictures are decoded by our own code. */
  fewestPixels: number;
  /** Files so far. */
  decoded: { canvas: number; own: number };
}

export interface Platform {
  name: "browser" | "deno" | "node";
  /** Null where there is none; `gpuMissing` then says why, and what to do. */
  gpu: GPU | null;
  gpuMissing: string;
  /** What a person should know of why this `gpu` was taken, in a sentence. */
  gpuNotice?: string;
  /** What else names the graphics card, where WebGPU does not; null where nothing does. */
  gpuName?(): string | null;
  /**
   * Size in bytes of one file, null where there is no such file. `path` is "<variant>/<file>" for a shipped variant,
   * `hf://owner/name@revision/file` or `hf://datasets/owner/name@revision/file` on the Hub (of a model also without
   * hf://), an address with https, a path on disk in Deno, and `dropped/...` in a page for what a person gave it.
   */
  assetSize(path: string): Promise<number | null>;
  /** Bytes [startByte, endByte) of it, fewer where it ends before; all of it by default. */
  readAsset(path: string, startByte?: number, endByte?: number): Promise<Uint8Array>;
  /**
   * The files below a folder in order, by their paths from there with "/" between; null where there is no such folder
   * or it has no listing (behind an address, beside the page).
   */
  list(path: string): Promise<string[] | null>;
  /** The address that is asked where this path is read, to be shown before; null for what lies on this machine. */
  addressOf(path: string): string | null;
  /**
   * What identifies a version of a file behind an address: the commit that a branch of the Hub stands for, and
   * the server's mark (ETag), each "" where the server names none. Null for what lies on this machine; absent where all does. A
   * repository or a folder of it stands for a file in it. @throws Error with one sentence where the server does not answer
   */
  versionOf?(path: string): Promise<{ commit: string; mark: string } | null>;
  /** Begins a thread that reads text in pictures, by onnxruntime-web; absent where there is none. */
  readerThread?(): Worker;
  /** Decodes picture files faster than our own decoders, with the same bytes. */
  pictures?: PictureDecoder;
  /** Small texts by name that stay on this machine and may be lost: what was measured once. */
  cache?: { read(name: string): Promise<string | null>; write(name: string, text: string): Promise<void> };
}

/**
 * Where one run is kept. It stores text and bytes and knows neither events nor checkpoints: what stands in them is
 * decided above. Every method rejects with one sentence for people; a failed write leaves what stood before.
 */
export interface RunStore {
  /** Where it lies, for people: a folder, or a name in the browser's storage. */
  readonly place: string;
  /** The configuration as JSON. */
  readConfig(): Promise<string>;
  writeConfig(json: string): Promise<void>;
  /** The log: JSON lines. The last line may be cut off where the process died. */
  readLog(): Promise<string>;
  /** Puts lines at the end; each line comes without its newline. They are on the disk when this resolves. */
  appendLog(lines: readonly string[]): Promise<void>;
  /** Puts another log in the place of the whole log. `cut` is what it lacks of that: where there is a place for it, it is kept. */
  replaceLog(text: string, cut?: string): Promise<void>;
  /** The last whole checkpoint, null where none was written. */
  readCheckpoint(): Promise<NamedBytes[] | null>;
  /** The checkpoint before the last, null where there is none; absent where the last cannot be damaged. */
  readPrevious?(): Promise<NamedBytes[] | null>;
  /** Makes that the last one; the damaged one is put aside. */
  takePrevious?(): Promise<void>;
  /** The one before stays until this one is whole. */
  writeCheckpoint(files: readonly NamedBytes[]): Promise<void>;
  /** Lets others write the run. */
  close(): Promise<void>;
}
