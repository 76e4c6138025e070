/** The part of Node's modules that the program uses, which Deno has too. */
declare module "node:fs" {
  export interface Stats {
    size: number;
    isFile(): boolean;
    isDirectory(): boolean;
  }
  export function existsSync(path: string | URL): boolean;
}

declare module "node:fs/promises" {
  import type { Stats } from "node:fs";

  interface FileHandle {
    read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
    close(): Promise<void>;
  }
  interface Dirent {
    name: string;
    isDirectory(): boolean;
    isSymbolicLink(): boolean;
  }
  export function open(path: string | URL, flags: "r"): Promise<FileHandle>;
  export function stat(path: string | URL): Promise<Stats>;
  export function readdir(path: string, options: { withFileTypes: true }): Promise<Dirent[]>;
  export function mkdir(path: string, options: { recursive: true }): Promise<string | undefined>;
  export function writeFile(path: string, bytes: Uint8Array, options: { flag: "wx" }): Promise<void>;
}
