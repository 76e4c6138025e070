import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = decodeURIComponent(new URL("../", import.meta.url).pathname);
const docs = [
  "README.md",
  "src/README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(`${root}docs`, { recursive: true })
    .filter((name) => String(name).endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const filesBelow = (folder: string): string[] =>
  readdirSync(root + folder, { recursive: true }).map((path) => `${folder}/${String(path).replaceAll("\\", "/")}`);
const files = ["src", "shaders", "test", "docs", "examples", "bench"].flatMap(filesBelow);

/** A document without its blocks of code, whose paths are a reader's own. */
const textOf = (doc: string): string => readFileSync(root + doc, "utf8").replace(/^```[\s\S]*?^```/gm, "");

/** "a/{b,c}.ts" -> "a/b.ts", "a/c.ts" */
function spelledOut(path: string): string[] {
  const [, before, choices, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split(",").map((choice) => `${before}${choice}${after}`);
}

/** Paths in backticks: of a folder of the repository, or a bare file name. Those with NAME stand for a reader's own. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`([\w./{},-]+)`/g)]
    .map(([, path = ""]) => path)
    .filter((path) => !/NAME|^\.|events\.jsonl|config\.json/.test(path))
    .filter((path) => /^(src|shaders|test|docs|examples|bench)\//.test(path) || /\w\.(ts|tsx|mjs|wgsl|py)$/.test(path))
    .flatMap(spelledOut);

test.each(docs)("%s names files that exist", (doc) => {
  const text = textOf(doc);
  const missing = pathsIn(text).filter(
    (path) => !existsSync(root + path) && !files.some((file) => file.endsWith(`/${path}`)),
  );
  expect(missing).toEqual([]);
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(new URL(path, new URL(doc, `file://${root}`))))).toEqual([]);
});

test("src/README.md lists every folder of src, and its tables are aligned", () => {
  const map = readFileSync(`${root}src/README.md`, "utf8");
  // What is deeper stands in the line of its folder, and the page's folders in a table of their own.
  const folders = files.filter((path) => /^src\/\w+(\/\w+)?$/.test(path)).map((path) => path.slice("src/".length));
  expect(folders).toContain("agent/tools");
  expect(folders.filter((folder) => !map.includes(`\`${folder}\``))).toEqual([]);
  const inPage = files.filter((path) => /^src\/app\/web\/\w+$/.test(path)).map((path) => path.split("/").at(-1));
  expect(inPage.filter((folder) => !map.includes(`\`${folder}\``))).toEqual([]);
  for (const table of map.split(/\n\n+/).filter((part) => part.startsWith("|")))
    expect(
      new Set(
        table
          .trim()
          .split("\n")
          .map((line) => line.length),
      ).size,
      table,
    ).toBe(1);
});
