import type { Platform } from "../../platform.ts";
import { NetworkFiles } from "./network_files.ts";

/** Files below one folder, at most. */
const mostFiles = 200_000;

/** What a file or folder is. */
interface Stats {
  isFile: boolean;
  isDirectory: boolean;
  size: number;
}

/** How Deno or Node reads a disk; they throw errors with a `code`. */
export interface Disk {
  stat(place: string | URL): Promise<Stats>;
  /** Fills `into` from `startByte` on; returns fewer bytes where the file ends before. */
  read(place: string | URL, startByte: number, into: Uint8Array): Promise<number>;
  entries(folder: string): AsyncIterable<{ name: string; isDirectory: boolean; isSymlink: boolean }>;
}

/** What differs between the programs that read files from a disk. */
export interface DiskOptions {
  disk: Disk;
  /** Folder of the shipped variants, ending in a slash. */
  shipped: URL;
  /** Value of an environment variable, undefined where it is not set. */
  environment: (name: string) => string | undefined;
}

/** Files on disk, shipped variants by their names, and what lies on the network. */
export function openDiskFiles({
  disk,
  shipped,
  environment,
}: DiskOptions): Pick<Platform, "assetSize" | "readAsset" | "list" | "addressOf" | "versionOf"> {
  let opened: NetworkFiles | null = null;
  const network = (): NetworkFiles => {
    opened ??= new NetworkFiles({
      seesRedirects: true,
      endpoint: environment("HF_ENDPOINT"),
      token: environment("HF_TOKEN"),
      tokenRemedy: "set HF_TOKEN to a token that may read it",
    });
    return opened;
  };
  /** owner/name@revision is a folder on disk where there is one of that name. */
  const onNetwork = async (path: string): Promise<string | null> => {
    const place = NetworkFiles.path(path);
    if (place === null || place === path) return place;
    return (await found(disk, path.split("/").slice(0, 2).join("/"))) === null ? place : null;
  };
  return {
    assetSize: async (path) => {
      const place = await onNetwork(path);
      return place === null ? sizeOf(disk, await locate(disk, path, shipped)) : network().sizeBytes(place);
    },
    readAsset: async (path, startByte, endByte) => {
      const place = await onNetwork(path);
      return place === null
        ? readRange(disk, await locate(disk, path, shipped), path, [startByte, endByte])
        : network().read(place, startByte, endByte);
    },
    list: async (path) => {
      const place = await onNetwork(path);
      return place === null ? listFolder(disk, await locate(disk, path, shipped)) : network().list(place);
    },
    addressOf: (path) => {
      const place = NetworkFiles.path(path);
      return place && network().addressOf(place);
    },
    versionOf: async (path) => {
      const place = await onNetwork(path);
      return place === null ? null : network().version(place);
    },
  };
}

/** A shipped variant by its bare name ("needle", "needle/config.json"), else a path on disk; "./needle" is always on disk. */
async function locate(disk: Disk, path: string, shipped: URL): Promise<string | URL> {
  if (/^([./\\]|[a-zA-Z]:)/.test(path)) return path;
  // Each part by itself: a name may hold "#" or "?", which mean something in a URL, and must not climb out.
  const place = new URL(path.split(/[/\\]/).map(encodeURIComponent).join("/"), shipped);
  const isShipped = place.href.startsWith(shipped.href) && (await found(disk, place)) !== null;
  return isShipped ? place : path;
}

/** What stands at a place, null where nothing does. @throws Error in one sentence where it cannot be looked at */
async function found(disk: Disk, place: string | URL): Promise<Stats | null> {
  try {
    return await disk.stat(place);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new Error(`Cannot read ${place}: ${message}`);
  }
}

async function sizeOf(disk: Disk, place: string | URL): Promise<number | null> {
  const stats = await found(disk, place);
  return stats?.isFile ? stats.size : null;
}

async function readRange(
  disk: Disk,
  place: string | URL,
  path: string,
  [startByte = 0, endByte]: readonly (number | undefined)[],
): Promise<Uint8Array> {
  const sizeBytes = await sizeOf(disk, place);
  if (sizeBytes === null)
    throw new Error(
      `Expected a file ${path}, found neither a shipped variant nor a file on disk of that name; check the path, or write owner/name@revision for the Hub`,
    );
  const end = Math.min(endByte ?? sizeBytes, sizeBytes);
  const bytes = new Uint8Array(Math.max(0, end - startByte));
  return bytes.subarray(0, await disk.read(place, startByte, bytes));
}

/** Links to files count as files, as in the Hub's cache; links to folders are not followed, which could be circular. */
async function listFolder(disk: Disk, place: string | URL): Promise<string[] | null> {
  if (!(await found(disk, place))?.isDirectory) return null;
  const root = typeof place === "string" ? place : decodeURIComponent(place.pathname).replace(/^\/([a-zA-Z]:)/, "$1");
  const paths: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const { name, isDirectory, isSymlink } of disk.entries(`${root}/${folder}`)) {
      const path = `${folder}${name}`;
      if (isDirectory) folders.push(`${path}/`);
      else if (!isSymlink || (await found(disk, `${root}/${path}`))?.isFile) paths.push(path);
      if (paths.length > mostFiles)
        throw new Error(`Expected at most ${mostFiles} files below ${root}, found more; name a folder in it`);
    }
  }
  return paths.sort();
}
