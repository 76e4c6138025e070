/** The part of the build that makes the page's service worker. Plain JavaScript, as the rest of this folder. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Named like this at the root of the built page, since a service worker sees what lies beside and below it. */
const fileName = "service_worker.js";

/**
 * What is not kept: what other sites and readers of the sources fetch, and what is large and fetched where a person asks for it:
 * onnxruntime-web, and the model of several worlds.
 */
const notKept = /(^|\/)(README\.md|card\.png)$|\.map$|^assets\/ort[.-][^/]*\.(js|wasm)$|^worlds\//;
/** What the page opens without: models, recordings. */
const isLate = (path) => path.includes("/") && !/^(assets|icons)\//.test(path);

/**
 * The files of a built page, as [path, SHA-256 in hex, whether the page opens without it], what it opens with first.
 * @param {string} folder
 * @returns {[path: string, hash: string, isLate: boolean][]}
 */
export function offlineFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((path) => statSync(join(folder, path)).isFile() && path !== fileName && !notKept.test(path))
    .map((path) => [
      path,
      createHash("sha256")
        .update(readFileSync(join(folder, path)))
        .digest("hex"),
      isLate(path),
    ])
    .sort(([a, , late], [b, , later]) => Number(late) - Number(later) || (a < b ? -1 : 1));
}

/** A plugin for Vite: writes the service worker beside what was built. */
export function writeServiceWorker() {
  let folder = "";
  return {
    name: "service-worker",
    apply: "build",
    configResolved: ({ root, build }) => {
      folder = resolve(root, build.outDir);
    },
    // Files of public lie there by then.
    closeBundle: () => {
      const source = readFileSync(new URL(`./${fileName}`, import.meta.url), "utf8");
      const list = `const files = ${JSON.stringify(offlineFiles(folder))};`;
      writeFileSync(join(folder, fileName), `${list}\n${source}`);
    },
  };
}
