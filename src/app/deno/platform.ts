import type { Dialect, Platform } from "../../platform.ts";
import { createDawn, tryDawn } from "./dawn.ts";

/** Deno's side of Platform. It looks for a GPU only if `needsGpu`, since that takes half a second. */
export async function openDenoPlatform(needsGpu: boolean): Promise<Platform> {
  const found = needsGpu
    ? await findGpu(Deno.env.get("SACCADE_GPU") ?? "")
    : { gpu: null, gpuMissing: "No GPU was asked for", dialect: "naga" as const };
  return { name: "deno", ...found, assetSize, readAsset };
}

/**
 * Dawn where it finds an adapter, else Deno's own WebGPU. `forced` is "dawn", "deno" or "" (from SACCADE_GPU).
 * @throws Error where `forced` is something else.
 */
export async function findGpu(forced: string): Promise<{ gpu: GPU | null; gpuMissing: string; dialect: Dialect }> {
  if (!["", "dawn", "deno"].includes(forced)) throw new Error(`SACCADE_GPU must be dawn or deno, found "${forced}"`);
  quietDriver();
  let dawnMissing = "not tried, since SACCADE_GPU is deno";
  if (forced !== "deno") {
    const dawn = await tryDawn();
    if (dawn.found) return { gpu: await createDawn(), gpuMissing: "", dialect: "tint" };
    dawnMissing = dawn.why;
  }
  if (forced === "dawn")
    return {
      gpu: null,
      dialect: "tint",
      gpuMissing: `Dawn finds no GPU (${dawnMissing}); ${remedy()}, or leave SACCADE_GPU unset to try Deno's own WebGPU`,
    };
  const own: GPU | undefined = globalThis.navigator?.gpu;
  if (await own?.requestAdapter({ powerPreference: "high-performance" }))
    return { gpu: own!, gpuMissing: "", dialect: "naga" };
  return {
    gpu: null,
    dialect: "naga",
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

/** A shipped variant by its bare name ("needle/config.json"), else a path on disk; "./needle/..." is always on disk. */
async function locate(path: string): Promise<string | URL> {
  if (/^([./\\]|[a-zA-Z]:)/.test(path)) return path;
  // Each part by itself: a name may hold "#" or "?", which mean something in a URL, and must not climb out.
  const shipped = new URL(path.split(/[/\\]/).map(encodeURIComponent).join("/"), shippedVariants);
  const isShipped = shipped.href.startsWith(shippedVariants.href) && (await sizeOf(shipped)) !== null;
  return isShipped ? shipped : path;
}

const assetSize = async (path: string): Promise<number | null> => sizeOf(await locate(path));

async function sizeOf(place: string | URL): Promise<number | null> {
  try {
    const found = await Deno.stat(place);
    return found.isFile ? found.size : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ENOTDIR") return null;
    throw new Error(`Cannot read ${place}: ${(error as Error).message}`);
  }
}

async function readAsset(path: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
  const place = await locate(path);
  const sizeBytes = await sizeOf(place);
  if (sizeBytes === null)
    throw new Error(
      `Expected a file ${path}, found neither a shipped variant nor a file on disk of that name; check --model`,
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
