/**
 * The part of Deno that src/app/deno and its tests use. Deno's own declarations cannot join a program that also has
 * the browser's: both declare fetch, Worker and the rest.
 */
declare namespace Deno {
  interface FsFile {
    readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    write(bytes: Uint8Array): Promise<number>;
    read(into: Uint8Array): Promise<number | null>;
    /** `whence` 0 counts from the start of the file. */
    seek(offset: number, whence: 0): Promise<number>;
    sync(): Promise<void>;
    stat(): Promise<FileInfo>;
    truncate(sizeBytes?: number): Promise<void>;
    /** False where another process has the lock; it ends with the file's closing, however the process ends. */
    tryLock(exclusive: boolean): Promise<boolean>;
    close(): void;
  }
  /** Of this process so far, microseconds. */
  function cpuUsage(): { user: number; system: number };
  const stdin: { readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> };
  interface OpenOptions {
    read?: boolean;
    write?: boolean;
    append?: boolean;
    create?: boolean;
    createNew?: boolean;
    truncate?: boolean;
  }
  interface FileInfo {
    isFile: boolean;
    isDirectory: boolean;
    size: number;
    /** Tells files of one disk apart; null on Windows. */
    ino: number | null;
  }
  interface DirEntry {
    name: string;
    isFile: boolean;
    isDirectory: boolean;
    isSymlink: boolean;
  }
  const pid: number;
  const args: string[];
  const build: { os: string; arch: string };
  const version: { deno: string };
  const env: {
    get(name: string): string | undefined;
    set(name: string, value: string): void;
    delete(name: string): void;
    toObject(): Record<string, string>;
  };
  const stdout: { writeSync(bytes: Uint8Array): number; isTerminal(): boolean };
  const errors: Record<
    "NotFound" | "AlreadyExists" | "PermissionDenied" | "NotCapable" | "BrokenPipe" | "WouldBlock",
    new (
      message?: string,
    ) => Error
  >;
  function open(path: string | URL, options?: OpenOptions): Promise<FsFile>;
  function stat(path: string | URL): Promise<FileInfo>;
  function statSync(path: string | URL): FileInfo;
  function readFileSync(path: string | URL): Uint8Array<ArrayBuffer>;
  function mkdir(path: string, options?: { recursive?: boolean }): Promise<void>;
  function rename(from: string, to: string): Promise<void>;
  function remove(path: string, options?: { recursive?: boolean }): Promise<void>;
  function symlink(from: string, to: string): Promise<void>;
  function makeTempDir(): Promise<string>;
  function readDir(path: string | URL): AsyncIterable<DirEntry>;
  function readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>>;
  function readTextFile(path: string | URL): Promise<string>;
  function writeFile(
    path: string,
    bytes: Uint8Array,
    options?: { append?: boolean; createNew?: boolean },
  ): Promise<void>;
  function writeTextFile(path: string, text: string): Promise<void>;
  function utime(path: string, accessed: Date, modified: Date): Promise<void>;
  function execPath(): string;
  function hostname(): string;
  function cwd(): string;
  function chdir(folder: string): void;
  /** Signal 0 only asks whether the process lives. */
  function kill(pid: number, signal: number | Signal): void;
  function consoleSize(): { columns: number; rows: number };
  type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL" | "SIGXFSZ";
  function addSignalListener(signal: Signal, listener: () => void): void;
  function removeSignalListener(signal: Signal, listener: () => void): void;
  function exit(code?: number): never;
  interface ChildProcess {
    readonly pid: number;
    readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly status: Promise<{ success: boolean; code: number; signal: Signal | null }>;
    output(): Promise<{ code: number; signal: Signal | null; stdout: Uint8Array; stderr: Uint8Array }>;
    kill(signal: Signal): void;
  }
  class Command {
    constructor(
      program: string,
      options: {
        args: string[];
        stdin?: "null";
        stdout: "piped" | "null";
        stderr: "piped";
        env?: Record<string, string>;
        signal?: AbortSignal;
      },
    );
    output(): Promise<{ success: boolean; code: number; stdout: Uint8Array; stderr: Uint8Array }>;
    spawn(): ChildProcess;
  }
}

interface ImportMeta {
  /** In Deno: whether the process was started with this file. */
  readonly main?: boolean;
}
