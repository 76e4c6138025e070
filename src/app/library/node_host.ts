import { existsSync } from "node:fs";
import { mkdir, open, readdir, stat, writeFile } from "node:fs/promises";
import type { Platform } from "../../platform.ts";
import { createDawn } from "../deno/gpu/dawn.ts";
import { type Disk, openDiskFiles } from "../network/disk_files.ts";
import { type Host, noRunFolders } from "./host.ts";

declare const process: { env: Record<string, string | undefined> };

/** The library in Node, on Dawn from npm `webgpu`; Node itself has no WebGPU. */
export const host: Host = {
  openPlatform: () => {
    platform ??= openNodePlatform();
    return platform;
  },
  writeFolder: async (folder, files) => {
    await mkdir(folder, { recursive: true });
    const found = await readdir(folder, { withFileTypes: true });
    if (found.length > 0)
      throw new Error(`Expected an empty or new folder, found ${found.length} entries in ${folder}; name another`);
    for (const { name, bytes } of files) await writeFile(`${folder}/${name}`, bytes, { flag: "wx" });
  },
  createRun: () => Promise.reject(noRunFolders("Node")),
  resumeRun: () => Promise.reject(noRunFolders("Node")),
};

let platform: Promise<Platform> | null = null;

async function openNodePlatform(): Promise<Platform> {
  const files = openDiskFiles({ disk, shipped: shippedFolder(), environment: (name) => process.env[name] });
  try {
    return { name: "node", gpu: await createDawn(), gpuMissing: "", ...files };
  } catch (error) {
    const { message } = error as Error;
    return {
      name: "node",
      gpu: null,
      gpuMissing: `Node has no WebGPU of its own, and npm webgpu (Dawn) does not load: ${message}; npm install webgpu`,
      ...files,
    };
  }
}

const disk: Disk = {
  stat: async (place) => {
    const stats = await stat(place);
    return { isFile: stats.isFile(), isDirectory: stats.isDirectory(), size: stats.size };
  },
  entries: async function* (folder) {
    for (const entry of await readdir(folder, { withFileTypes: true }))
      yield { name: entry.name, isDirectory: entry.isDirectory(), isSymlink: entry.isSymbolicLink() };
  },
  read: async (place, startByte, into) => {
    const file = await open(place, "r");
    try {
      for (let at = 0; at < into.length; ) {
        const { bytesRead } = await file.read(into, at, into.length - at, startByte + at);
        if (bytesRead === 0) return at;
        at += bytesRead;
      }
      return into.length;
    } finally {
      await file.close();
    }
  },
};

/** The package's folder public/, wherever below the package the built file with this code lies. */
function shippedFolder(): URL {
  // The bundler takes the address of a file beside import.meta.url for one that it should copy.
  const here = import.meta.url;
  for (let up = "./"; up.length < 20; up += "../") {
    const folder = new URL(`${up}public/`, here);
    if (existsSync(new URL("needle/config.json", folder))) return folder;
  }
  return new URL("./public/", here);
}
