import type { Platform } from "../../platform.ts";
import { NetworkFiles } from "../network/network_files.ts";
import { createDawn, tryDawn } from "./gpu/dawn.ts";
import { openCachedTexts } from "./storage/cached_texts.ts";

/** Deno's side of Platform. It looks for a GPU only if `needsGpu`, since that takes half a second. */
export async function openDenoPlatform(needsGpu: boolean): Promise<Platform> {
  const found = needsGpu
    ? await findGpu(Deno.env.get("SACCADE_GPU") ?? "")
    : { gpu: null, gpuMissing: "No GPU was asked for" };
  return { name: "deno", ...found, ...openFiles(), cache: openCachedTexts() };
}

/**
 * Dawn where it finds an adapter, else Deno's own WebGPU. `forced` is "dawn", "deno" or "" (from SACCADE_GPU).
 * @throws Error where `forced` is something else.
 */
export async function findGpu(forced: string): Promise<Pick<Platform, "gpu" | "gpuMissing">> {
  if (!["", "dawn", "deno"].includes(forced)) throw new Error(`SACCADE_GPU must be dawn or deno, found "${forced}"`);
  quietDriver();
  let dawnMissing = "not tried, since SACCADE_GPU is deno";
  if (forced !== "deno") {
    const dawn = await tryDawn();
    if (dawn.found) return { gpu: await createDawn(), gpuMissing: "" };
    dawnMissing = dawn.why;
  }
  if (forced === "dawn")
    return {
      gpu: null,
      gpuMissing: `Dawn finds no GPU (${dawnMissing}); ${remedy()}, or leave SACCADE_GPU unset to try Deno's own WebGPU`,
    };
  const own: GPU | undefined = globalThis.navigator?.gpu;
  if (await own?.requestAdapter({ powerPreference: "high-performance" })) return { gpu: own!, gpuMissing: "" };
  return {
    gpu: null,
    gpuMissing: `No GPU found, neither by Dawn (${dawnMissing}) nor by Deno's own WebGPU; ${remedy()}`,
  };
}

/** Debian's software Vulkan driver writes a line to stderr, several times, where this is not set. */
export function quietDriver(): void {
  if (Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
}

function remedy(): string {
  if (Deno.build.os !== "linux") return "update the graphics driver";
  return "install the Vulkan driver of your card, or a software one (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)";
}

const shippedVariants = new URL("../../../public/", import.meta.url);
const mostFiles = 200_000;

/** Files on disk, shipped variants by their names, and what lies on the network. */
function openFiles(): Pick<Platform, "assetSize" | "readAsset" | "list" | "addressOf" | "versionOf"> {
  let opened: NetworkFiles | null = null;
  const network = (): NetworkFiles => {
    opened ??= new NetworkFiles({
      seesRedirects: true,
      endpoint: Deno.env.get("HF_ENDPOINT"),
      token: Deno.env.get("HF_TOKEN"),
      tokenRemedy: "set HF_TOKEN to a token that may read it",
    });
    return opened;
  };
  /** owner/name@revision is a folder on disk where there is one of that name. */
  const onNetwork = async (path: string): Promise<string | null> => {
    const place = NetworkFiles.path(path);
    if (place === null || place === path) return place;
    return (await stat(path.split("/").slice(0, 2).join("/"))) === null ? place : null;
  };
  return {
    assetSize: async (path) => {
      const place = await onNetwork(path);
      return place === null ? sizeOf(await locate(path)) : network().sizeBytes(place);
    },
    readAsset: async (path, startByte, endByte) => {
      const place = await onNetwork(path);
      return place === null ? readFile(path, startByte, endByte) : network().read(place, startByte, endByte);
    },
    list: async (path) => {
      const place = await onNetwork(path);
      return place === null ? listFolder(await locate(path)) : network().list(place);
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
async function locate(path: string): Promise<string | URL> {
  if (/^([./\\]|[a-zA-Z]:)/.test(path)) return path;
  // Each part by itself: a name may hold "#" or "?", which mean something in a URL, and must not climb out.
  const shipped = new URL(path.split(/[/\\]/).map(encodeURIComponent).join("/"), shippedVariants);
  const isShipped = shipped.href.startsWith(shippedVariants.href) && (await stat(shipped)) !== null;
  return isShipped ? shipped : path;
}

async function stat(place: string | URL): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(place);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ENOTDIR") return null;
    throw new Error(`Cannot read ${place}: ${(error as Error).message}`);
  }
}

async function sizeOf(place: string | URL): Promise<number | null> {
  const found = await stat(place);
  return found?.isFile ? found.size : null;
}

async function readFile(path: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
  const place = await locate(path);
  const sizeBytes = await sizeOf(place);
  if (sizeBytes === null)
    throw new Error(
      `Expected a file ${path}, found neither a shipped variant nor a file on disk of that name; check the path, or write owner/name@revision for the Hub`,
    );
  const end = Math.min(endByte ?? sizeBytes, sizeBytes);
  const bytes = new Uint8Array(Math.max(0, end - startByte));
  const file = await Deno.open(place, { read: true });
  try {
    await file.seek(startByte, 0);
    for (let at = 0; at < bytes.length; ) {
      const count = await file.read(bytes.subarray(at));
      if (count === null) return bytes.subarray(0, at);
      at += count;
    }
    return bytes;
  } finally {
    file.close();
  }
}

/** Links to files count as files, as in the Hub's cache; links to folders are not followed, which could go round. */
async function listFolder(place: string | URL): Promise<string[] | null> {
  if (!(await stat(place))?.isDirectory) return null;
  const root = typeof place === "string" ? place : decodeURIComponent(place.pathname).replace(/^\/([a-zA-Z]:)/, "$1");
  const found: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}${name}`;
      if (isDirectory) folders.push(`${path}/`);
      else if (!isSymlink || (await stat(`${root}/${path}`))?.isFile) found.push(path);
      if (found.length > mostFiles)
        throw new Error(`Expected at most ${mostFiles} files below ${root}, found more; name a folder in it`);
    }
  }
  return found.sort();
}
