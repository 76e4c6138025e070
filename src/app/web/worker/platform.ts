import type { Platform } from "../../../platform.ts";
import { NetworkFiles } from "../../network/network_files.ts";
import { DroppedFiles, isDropped } from "../browser/dropped_files.ts";
import { thisEngine } from "../browser/engine.ts";
import { gpuProblem } from "../browser/gpu_support.ts";
import { cachedTexts } from "./cached_texts.ts";
import type { HubParts } from "./hub_worker.ts";
import { LaterPart } from "./later_part.ts";
import { isTrainedHere, storedModelFile, storedModelFiles } from "./model_store.ts";
import { WeightStore } from "./weight_store.ts";

interface FetchesAhead {
  /** Begins to fetch a shipped variant; models from elsewhere are read in parts, when it is known which. */
  fetchAhead(model: string): void;
}

/**
 * The browser's side of Platform, as a worker sees it. Shipped variants lie beside the page, in a folder each; a file
 * of theirs is fetched whole, once: they are small, and static servers need not know ranges. Models that were made
 * here come from the browser's storage, what a person dropped from the files themselves, and the rest by ranges from
 * the Hub or another address; weights from there are kept.
 *
 * @param base     address of the page's folder, ending in a slash
 * @param dropped  what was dropped in this visit
 */
export function openBrowserPlatform(
  base: string,
  dropped: DroppedFiles = new DroppedFiles(),
): Platform & HubParts & FetchesAhead {
  const files = new Map<string, Promise<Uint8Array | null>>();
  const network = new NetworkFiles({
    seesRedirects: false,
    tokenRemedy:
      "enter a token that may read it (Choose a model, A token of the Hub), or download the files and drop their folder here",
  });
  const weights = new WeightStore(network);
  const pictures = new LaterPart(async () => {
    const { BrowserPictures } = await import("./pictures/browser_pictures.ts");
    return new BrowserPictures();
  });
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
  const onNetwork = (path: string): string | null => (isDropped(path) ? null : NetworkFiles.path(path));
  return {
    weights,
    network,
    name: "browser",
    gpu: navigator.gpu ?? null,
    gpuMissing:
      gpuProblem({
        secureContext: self.isSecureContext,
        hasGpu: false,
        hasAdapter: false,
        engine: thisEngine(),
      }) ?? "",
    gpuName: webglName,
    readerThread: () => new Worker(new URL("./reader_worker.ts", import.meta.url), { type: "module", name: "reader" }),
    cache: cachedTexts,
    pictures: {
      decode: async (bytes) => {
        // A row must not be left out since a part of the page is missing; this one came with whoever asks.
        const part = await pictures.get().catch(() => import("../../../image/decode.ts"));
        return part.decode(bytes);
      },
      ways: async () => (await pictures.get()).ways(),
    },
    fetchAhead: (model) => {
      if (model === "" || isTrainedHere(model) || isDropped(model) || onNetwork(`${model}/config.json`) !== null)
        return;
      // What fails is asked for again, and said, by what reads it.
      for (const name of shippedFiles) fetched(`${model}/${name}`).catch(() => {});
    },
    assetSize: async (path) => {
      if (isDropped(path)) return (await dropped.restored, dropped.sizeBytes(path));
      const place = onNetwork(path);
      return place === null ? ((await fetched(path))?.length ?? null) : network.sizeBytes(place);
    },
    readAsset: async (path, startByte = 0, endByte) => {
      if (isDropped(path)) return (await dropped.restored, dropped.read(path, startByte, endByte));
      const place = onNetwork(path);
      if (place !== null) return (isWeights(place) ? weights : network).read(place, startByte, endByte);
      const bytes = await fetched(path);
      if (!bytes)
        throw new Error(
          isTrainedHere(path)
            ? `This browser holds no ${path}; the model was made in another browser or removed, choose a preset`
            : `Expected a file ${path} beside the page, found none; is there a model of that name? Drop a folder here, or write owner/name@revision for the Hub`,
        );
      return bytes.slice(startByte, endByte);
    },
    list: async (path) => {
      if (isDropped(path)) return (await dropped.restored, dropped.list(path));
      if (isTrainedHere(path)) return storedModelFiles(path);
      const place = onNetwork(path);
      return place === null ? null : network.list(place);
    },
    addressOf: (path) => {
      const place = onNetwork(path);
      return place && network.addressOf(place);
    },
    versionOf: async (path) => {
      const place = onNetwork(path);
      return place === null ? null : network.version(place);
    },
  };
}

/**
 * The graphics card as WebGL calls it, for browsers whose WebGPU does not name it (Firefox). Where there are two cards, it
 * may be the other one, so that its origin stands in it.
 */
function webglName(): string | null {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl");
  const name: unknown = gl?.getParameter(gl.RENDERER);
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof name === "string" && name !== "" ? `${name} (as WebGL says)` : null;
}

/** What every shipped variant has. */
const shippedFiles = ["config.json", "tokenizer.json", "model.safetensors"];

/** A file of weights, whatever signature stands behind it. */
const isWeights = (path: string): boolean => /\.(safetensors|onnx|onnx_data(_\d+)?)(\?.*)?$/s.test(path);

async function fetchFile(base: string, path: string): Promise<Uint8Array | null> {
  const address = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  // "//host/file" would be another server's, and ".." another folder's.
  if (!address.href.startsWith(base)) return null;
  let answer: Response;
  try {
    answer = await fetch(address);
  } catch (error) {
    throw new Error(`Fetching ${path} failed (${(error as Error).message}); is the server still there?`);
  }
  // A server for pages may answer what it does not know with its start page.
  if (answer.status === 404 || (answer.headers.get("content-type") ?? "").startsWith("text/html")) return null;
  if (!answer.ok) throw new Error(`Fetching ${path} failed: the server answered ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}
