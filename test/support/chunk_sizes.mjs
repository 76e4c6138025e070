/**
 * Builds the page and its workers without writing them, and prints as JSON what each file weighs, as [name, gzip bytes, what
 * it imports statically, modules of src in it], and what the files of its start page weigh that no script is in. A program of its own: tests have another NODE_ENV, for which Vite builds
 * what the development server shows.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { wgslAsText } from "../../src/app/library/wgsl_as_text.mjs";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const weight = (content) => gzipSync(content, { level: 9 }).length;

/** A plugin that notes the files of one bundle. */
const noted = (files) => ({
  name: "noted",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      const modules = Object.keys(file.modules ?? {}).flatMap((id) =>
        id.startsWith(root) ? id.slice(root.length) : [],
      );
      files.push([file.fileName, weight(file.code ?? file.source), file.imports ?? [], modules]);
    }
  },
});

const page = [];
const workers = [];
await build({
  root,
  configFile: false,
  base: "./",
  logLevel: "error",
  plugins: [wgslAsText(), noted(page)],
  worker: { format: "es", plugins: () => [wgslAsText(), noted(workers)] },
  build: { target: "es2022", write: false, reportCompressedSize: false },
});
const others = ["index.html", "public/icons/saccade.svg", "public/recorded/intro.json"]
  .map((path) => weight(readFileSync(root + path)))
  .reduce((sum, bytes) => sum + bytes);
console.log(JSON.stringify({ page, workers, others }));
