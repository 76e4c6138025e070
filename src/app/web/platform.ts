import type { Platform } from "../../platform.ts";
import { gpuProblem, isLinux } from "./gpu_support.ts";
import { isTrainedHere, storedModelFile } from "./model_store.ts";

/**
 * The browser's side of Platform, as a worker sees it: models lie beside the page, in a folder each. A file is fetched
 * whole, once: the shipped variants are small, and static servers need not know ranges. Models that were made here come
 * from the browser's storage.
 *
 * @param base  address of the page's folder, ending in a slash
 */
export function openBrowserPlatform(base: string): Platform {
  const files = new Map<string, Promise<Uint8Array | null>>();
  const fetched = (path: string): Promise<Uint8Array | null> => {
    if (isTrainedHere(path)) return storedModelFile(path);
    let file = files.get(path);
    if (!file) {
      file = fetchFile(base, path);
      // What failed once may work the next time.
      file.catch(() => files.delete(path));
      files.set(path, file);
    }
    return file;
  };
  return {
    name: "browser",
    gpu: navigator.gpu ?? null,
    gpuMissing:
      gpuProblem({
        secureContext: self.isSecureContext,
        hasGpu: false,
        hasAdapter: false,
        linux: isLinux(navigator.userAgent),
      }) ?? "",
    dialect: "tint",
    assetSize: async (path) => (await fetched(path))?.length ?? null,
    readAsset: async (path, startByte = 0, endByte) => {
      const bytes = await fetched(path);
      if (!bytes)
        throw new Error(
          isTrainedHere(path)
            ? `This browser holds no ${path}; the model was made in another browser or removed, choose a preset`
            : `Expected a file ${path} beside the page, found none; is there a model of that name?`,
        );
      return bytes.slice(startByte, endByte);
    },
  };
}

async function fetchFile(base: string, path: string): Promise<Uint8Array | null> {
  let answer: Response;
  try {
    answer = await fetch(new URL(path.split("/").map(encodeURIComponent).join("/"), base));
  } catch (error) {
    throw new Error(`Fetching ${path} failed (${(error as Error).message}); is the server still there?`);
  }
  // A server for pages may answer what it does not know with its start page.
  if (answer.status === 404 || (answer.headers.get("content-type") ?? "").startsWith("text/html")) return null;
  if (!answer.ok) throw new Error(`Fetching ${path} failed: the server answered ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}
