import type { Platform } from "../../platform.ts";
import { type Disk, openDiskFiles } from "../network/disk_files.ts";
import { createDawn, tryDawn } from "./gpu/dawn.ts";
import { openCachedTexts } from "./storage/cached_texts.ts";

/** Deno's side of Platform. It looks for a GPU only if `needsGpu`, since that takes half a second. */
export async function openDenoPlatform(needsGpu: boolean): Promise<Platform> {
  const found = needsGpu
    ? await findGpu(Deno.env.get("SACCADE_GPU") ?? "")
    : { gpu: null, gpuMissing: "No GPU was asked for" };
  const shipped = new URL("../../../public/", import.meta.url);
  const files = openDiskFiles({ disk, shipped, environment: (name) => Deno.env.get(name) });
  const readerThread = () =>
    new Worker(new URL("./gpu/reader_worker.ts", import.meta.url), { type: "module", name: "reader" });
  return { name: "deno", ...found, ...files, readerThread, cache: openCachedTexts() };
}

/**
 * Dawn where it finds an adapter, else Deno's own WebGPU. Of two software adapters lavapipe is preferred, which takes a third of
 * SwiftShader's time (LOG.md). `forced` is "dawn", "deno" or "" (from SACCADE_GPU).
 * @throws Error where `forced` is something else.
 */
export async function findGpu(forced: string): Promise<Pick<Platform, "gpu" | "gpuMissing" | "gpuNotice">> {
  if (!["", "dawn", "deno"].includes(forced)) throw new Error(`SACCADE_GPU must be dawn or deno, found "${forced}"`);
  quietDriver();
  let dawnMissing = "not tried, since SACCADE_GPU is deno";
  if (forced !== "deno") {
    const dawn = await tryDawn();
    if (dawn.found) {
      const own = forced === "" && isSwiftShader(dawn.adapter) ? await ownAdapter() : null;
      if (own === null || isSwiftShader(own)) return { gpu: await createDawn(), gpuMissing: "" };
      const gpuNotice = `Dawn finds ${dawn.adapter} here, which computes on the processor, and Deno's own WebGPU finds ${own}: it is taken, since it is faster; SACCADE_GPU=dawn takes the other`;
      return { gpu: globalThis.navigator.gpu, gpuMissing: "", gpuNotice };
    }
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

const isSwiftShader = (name: string): boolean => /swiftshader/i.test(name);

/** What Deno's own WebGPU computes on, null where it finds nothing. */
async function ownAdapter(): Promise<string | null> {
  // Deno takes the first adapter of the Vulkan loader; this hides SwiftShader where another one is installed as well.
  const hidden = "VK_LOADER_DRIVERS_DISABLE";
  const before = Deno.env.get(hidden);
  if (before === undefined) Deno.env.set(hidden, "*swiftshader*");
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter && before === undefined) Deno.env.delete(hidden);
  return adapter ? adapter.info.description || adapter.info.device || "an adapter without a name" : null;
}

/** Debian's software Vulkan driver writes a line to stderr, several times, where this is not set. */
export function quietDriver(): void {
  if (Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
}

function remedy(): string {
  if (Deno.build.os !== "linux") return "update the graphics driver";
  return "install the Vulkan driver of your card, or a software one (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)";
}

const disk: Disk = {
  stat: Deno.stat,
  entries: Deno.readDir,
  read: async (place, startByte, into) => {
    const file = await Deno.open(place, { read: true });
    try {
      await file.seek(startByte, 0);
      for (let at = 0; at < into.length; ) {
        const count = await file.read(into.subarray(at));
        if (count === null) return at;
        at += count;
      }
      return into.length;
    } finally {
      file.close();
    }
  },
};
