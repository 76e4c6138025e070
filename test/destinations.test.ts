import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const sources = readdirSync(new URL("src/", root), { recursive: true })
  .map((path) => `src/${path.replaceAll("\\", "/")}`)
  .filter((path) => /\.(ts|tsx|mjs|js)$/.test(path) && !path.endsWith(".d.ts") && !path.endsWith(".d.mts"));
const text = (path: string): string => readFileSync(new URL(path, root), "utf8");
/** Comments talk of fetching too. */
const code = (path: string): string => text(path).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/** Everything by which a program reaches a network or starts another. `this.fetch(` and `parts.fetch(` are handed in. */
const reaches =
  /(?<![.\w])fetch\(|\b(globalThis|self|window)\.fetch\b|XMLHttpRequest|WebSocket|EventSource|WebTransport|RTCPeerConnection|sendBeacon|importScripts|serviceWorker|Deno\.(connect|listen|serve)|node:(net|http2|https|dgram|tls)|npm", \["ci"\]/;

test("SECURITY.md names every file that reaches a network, and no other", () => {
  const table = text("SECURITY.md")
    .split("\n")
    .filter((line) => line.startsWith("| "));
  const named = new Set(table.flatMap((line) => [...line.matchAll(/`(src\/[^`]+)`/g)].map((found) => found[1]!)));
  const found = sources.filter((path) => reaches.test(code(path)));
  expect(found.sort()).toEqual([...named].sort());
});

test("no code is made of a text, no markup of one, and no picture comes from an address", () => {
  const made =
    /(?<![.\w])eval\(|new Function\(|innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|createContextualFragment/;
  expect(sources.filter((path) => made.test(code(path)))).toEqual([]);
  // A module is named in the code, never worked out, but for those that a person names on the command line.
  expect(sources.filter((path) => /\bimport\((?!\s*"|\.meta)/.test(code(path)))).toEqual([
    "src/app/deno/commands/own_code.ts",
  ]);
  expect(text("SECURITY.md")).toMatch(
    /Code of your own runs where[^`]*`--tool`[\s\S]*`src\/app\/deno\/commands\/own_code\.ts` loads it/,
  );
  // Pages of this repository's documents, made when the page is built.
  const inPage = sources.filter((path) => path !== "src/app/serve/docs_pages.mjs");
  expect(inPage.filter((path) => /<(img|iframe|embed|object|video|audio|script|link)\b/.test(code(path)))).toEqual([]);
});

test("a worker is a module of ours", () => {
  for (const path of sources)
    for (const [made] of code(path).matchAll(/new (?:Shared)?Worker\([^)]*\)/g))
      expect(made, path).toMatch(/^new Worker\(new URL\("\.\/[\w./]+", import\.meta\.url\)/);
});

test("SECURITY.md names every file that starts a program, and no other", () => {
  const line = text("SECURITY.md")
    .split("\n\n")
    .find((part) => part.startsWith("Programs are started"))!;
  const named = [...line.matchAll(/`(src\/[^`]+)`/g)].map((found) => found[1]!);
  const found = sources.filter((path) =>
    /Deno\.Command|\bspawn\(|\bexec(File|Sync)?\(["'`]|child_process/.test(code(path)),
  );
  expect(found.sort()).toEqual(named.sort());
});

test("the addresses that stand in the code are the Hub, examples, links that a person presses, and names in XMP and SVG", () => {
  const hosts = sources.flatMap((path) =>
    [...code(path).matchAll(/https?:\/\/([\w.-]+\w)/g)].map((found) => found[1]!),
  );
  expect([...new Set(hosts)].sort()).toEqual([
    "127.0.0.1",
    "arxiv.org",
    "github.com",
    "host",
    "huggingface.co",
    "localhost",
    "nodejs.org",
    "ns.adobe.com",
    "www.w3.org",
  ]);
});
