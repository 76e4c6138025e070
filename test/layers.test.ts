import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../", import.meta.url);

/** Which folders of src a file in a folder may import from, besides its own, platform.ts and timeline.ts. src/README.md has the picture. */
const mayImport: Record<string, readonly string[]> = {
  connection: [],
  gpu: [],
  ops: ["gpu"],
  image: [],
  tasks: ["image"],
  model: ["image", "gpu", "ops"],
  policy: ["connection", "image", "gpu", "ops", "model"],
  onnx: ["image", "gpu", "ops", "model", "policy"],
  agent: ["image", "tasks", "policy"],
  reward: ["connection", "image", "tasks", "policy", "agent"],
  train: ["connection", "image", "tasks", "gpu", "ops", "model", "policy", "agent", "reward"],
  interop: ["image", "tasks", "policy", "agent", "reward", "train"],
  app: ["connection", "image", "tasks", "gpu", "ops", "model", "policy", "onnx", "agent", "reward", "train", "interop"],
};

/** Files that every layer may import. */
const forAll = ["src/deferred.ts", "src/platform.ts", "src/timeline.ts"];

const filesUnder = (folder: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true })
    .map((path) => folder + path.replaceAll("\\", "/"))
    .sort();
const isCode = (path: string): boolean => /\.(ts|tsx|mts|mjs)$/.test(path);
const sources = filesUnder("src/").filter(isCode);
const tests = filesUnder("test/").filter(isCode);
const layerOf = (path: string): string | undefined => /^src\/(\w+)\//.exec(path)?.[1];

const inLayer = (layer: string): string[] => sources.filter((path) => layerOf(path) === layer);

/** A file without its comments, which may name what it must not use. */
const codeOf = (path: string): string =>
  readFileSync(new URL(path, root), "utf8").replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");

/** Everything that a file imports, statically, dynamically or as the address of a worker. */
function importsOf(path: string): string[] {
  const found = codeOf(path).matchAll(
    /\bfrom\s+"([^"]+)"|\bimport\s*\(\s*"([^"]+)"|^import\s+"([^"]+)"|new URL\(\s*"([^"]+)",\s*import\.meta\.url/gm,
  );
  return [...found].map((match) => match.slice(1).find((name) => name !== undefined)!);
}

const typesOnly = /^\{(?:\s*type\s+\w+(?:\s+as\s+\w+)?\s*,?)+\s*\}\s*$/;

/** The files of src whose code a file needs when it runs: types are left out, `typeof import(...)` too. */
function neededBy(path: string): string[] {
  const found = codeOf(path).matchAll(
    /^(?:import|export)\s+(?!type\b)(?:([^;"]*?)\s*\bfrom\s+)?"(\.[^"]+)"|(?<!typeof\s+)\bimport\s*\(\s*"(\.[^"]+)"/gm,
  );
  return [...found]
    .filter(([, names]) => names === undefined || !typesOnly.test(names))
    .map(([, , from, late]) => resolve(path, (from ?? late)!));
}

/** A circle for every edge that closes one in a depth-first search; none where there is no circle. */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at >= 0) found.push(path.slice(at));
    if (at >= 0 || done.has(node)) return;
    path.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return found;
}

/** Path from the root of what a relative import names. */
const resolve = (path: string, name: string): string =>
  decodeURIComponent(new URL(name, `file:///${path}`).pathname.slice(1));

test("there are sources in every layer", () => {
  for (const layer of Object.keys(mayImport))
    expect(
      sources.filter((path) => layerOf(path) === layer),
      layer,
    ).not.toEqual([]);
  expect(new Set(sources.map(layerOf).filter(Boolean))).toEqual(new Set(Object.keys(mayImport)));
});

describe("imports run one way", () => {
  test.each(Object.keys(mayImport))("%s", (layer) => {
    for (const path of inLayer(layer)) {
      for (const name of importsOf(path)) {
        if (!name.startsWith(".")) continue;
        const target = resolve(path, name);
        if (forAll.includes(target)) continue;
        // The command line finds the built page and the shipped models by their place.
        if (layer === "app" && !target.startsWith("src/")) continue;
        const sentence = `${path} imports ${name}`;
        if (target.startsWith("shaders/")) expect(["gpu", "ops"], sentence).toContain(layer);
        else expect([layer, ...(mayImport[layer] ?? [])], sentence).toContain(layerOf(target));
      }
    }
  });

  test("a circle is found, however long, and a file that imports itself", () => {
    const edges = { a: ["b"], b: ["c", "d"], c: ["d"], d: ["b"], e: ["e"], f: ["a"] };
    expect(circles(new Map(Object.entries(edges)))).toEqual([["b", "c", "d"], ["e"]]);
  });

  test("no files import one another when they run", () => {
    expect(neededBy("src/app/deno/commands/commands.ts")).toContain("src/app/deno/commands/data_command.ts");
    expect(circles(new Map(sources.map((path) => [path, neededBy(path)])))).toEqual([]);
  });

  test("nor do folders of src/app; the page, whose parts show one another, counts as one", () => {
    const folderOf = (path: string): string =>
      path.slice(0, path.lastIndexOf("/")).replace(/^(src\/app\/web)\/.*/, "$1");
    const edges = new Map<string, string[]>();
    for (const path of inLayer("app")) {
      const needed = neededBy(path).filter((target) => layerOf(target) === "app");
      const others = needed.map(folderOf).filter((folder) => folder !== folderOf(path));
      edges.set(folderOf(path), [...(edges.get(folderOf(path)) ?? []), ...others]);
    }
    expect(circles(edges)).toEqual([]);
  });

  test.each(forAll)("%s, which all may import, imports nothing", (path) => {
    expect(importsOf(path)).toEqual([]);
  });
});

test.each(Object.keys(mayImport).filter((layer) => layer !== "app"))(
  "%s knows no names of a browser's or of Deno's",
  (layer) => {
    for (const path of inLayer(layer)) {
      expect(codeOf(path), path).not.toMatch(
        /\b(Deno|window|document|localStorage|indexedDB|navigator|location)\s*[.[]/,
      );
      expect(
        importsOf(path).filter((name) => /^(node|npm|jsr):/.test(name)),
        path,
      ).toEqual([]);
    }
  },
);

test("no page imports what is Deno's, and no command what is the page's", () => {
  for (const path of sources) {
    for (const name of importsOf(path).filter((name) => name.startsWith("."))) {
      const sides = [path, resolve(path, name)].map((p) => /^src\/app\/(web|deno)\//.exec(p)?.[1]);
      if (sides[0] !== undefined && sides[1] !== undefined) expect(sides[1], `${path} imports ${name}`).toBe(sides[0]);
    }
  }
});

/** Which folders of the page a file may import from, besides its own. src/README.md lists them. */
const viewImports: Record<string, readonly string[]> = {
  browser: [],
  labels: [],
  worker: ["browser", "labels"],
  run: ["browser", "labels"],
  widgets: ["browser", "labels", "run"],
  ...Object.fromEntries(
    [
      "frame",
      "welcome",
      "train",
      "curves",
      "list",
      "rollout",
      "compare",
      "runs",
      "data",
      "judge",
      "models",
      "learn",
      "away",
    ].map((view) => [view, ["browser", "labels", "run", "widgets"]]),
  ),
};
const viewFolderOf = (path: string): string | undefined => /^src\/app\/web\/(\w+)\//.exec(path)?.[1];

describe("the page's folders", () => {
  test("hold every file but those that put the page together", () => {
    const inWeb = sources.filter((path) => path.startsWith("src/app/web/"));
    expect(new Set(inWeb.flatMap((path) => viewFolderOf(path) ?? []))).toEqual(new Set(Object.keys(viewImports)));
    expect(inWeb.filter((path) => viewFolderOf(path) === undefined).map((path) => path.split("/").at(-1))).toEqual([
      "connect.ts",
      "css.d.ts",
      "main.tsx",
      "make_page.ts",
      "page.tsx",
    ]);
  });

  test.each(Object.keys(viewImports))("%s imports from its own folder and those below it", (folder) => {
    for (const path of sources.filter((path) => viewFolderOf(path) === folder)) {
      for (const name of importsOf(path).filter((name) => name.startsWith("."))) {
        const target = resolve(path, name);
        if (target.startsWith("src/app/web/"))
          expect([folder, ...viewImports[folder]!], `${path} imports ${name}`).toContain(viewFolderOf(target));
      }
    }
  });

  test("nothing outside imports the worker, which is started by its address", () => {
    for (const path of sources.filter((path) => viewFolderOf(path) !== "worker"))
      for (const name of importsOf(path).filter((name) => name.startsWith(".")))
        if (viewFolderOf(resolve(path, name)) === "worker")
          expect([
            ["src/app/web/connect.ts", "./worker/worker.ts"],
            // A page of somebody else's, in which the library runs, has no such worker.
            ["src/app/library/page_host.ts", "../web/worker/platform.ts"],
          ]).toContainEqual([path, name]);
    expect(codeOf("src/app/web/connect.ts")).toContain('new Worker(new URL("./worker/worker.ts", import.meta.url)');
  });
});

test("imports name files, and files are named by what is in them", () => {
  const forbidden = /^(utils?|helpers?|common|types?|index|misc|constants|shared|base|manager)\.\w+$/;
  for (const path of [...sources, ...tests]) {
    expect(path.split("/").at(-1), path).not.toMatch(forbidden);
    for (const name of importsOf(path).filter((name) => name.startsWith(".")))
      expect(name, `${path} imports ${name}`).toMatch(/(\.\w+|\/)$/);
  }
});

test("GRPO can be read on one screen", () => {
  const lines = readFileSync(new URL("src/train/grpo.ts", root), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(80);
});

test("an op is three files of one name: shader, host side and test; its further shaders begin with that name", () => {
  const shaders = filesUnder("shaders/")
    .filter((path) => path.endsWith(".wgsl"))
    .map((path) => path.slice("shaders/".length, -".wgsl".length))
    // What is joined to other files is no kernel.
    .filter((name) => name !== "common" && !name.includes("/"));
  const isVariant = (name: string) => shaders.some((op) => name.startsWith(`${op}_`));
  // product has further kernels: product_small.wgsl, product_thin.wgsl, product_wide.wgsl and others.
  const missing = shaders
    .filter((name) => !isVariant(name))
    .flatMap((name) => [`src/ops/${name}.ts`, `test/ops/${name}.test.ts`])
    .filter((path) => !sources.includes(path) && !tests.includes(path));
  expect(missing).toEqual([]);
});

test("every test file stands where the file that it tests stands", () => {
  const folders = new Set(sources.map((path) => path.slice("src/".length, path.lastIndexOf("/"))));
  const strays = tests
    .filter((path) => /^test\/(?!browser\/).+\/.*\.test\.tsx?$/.test(path))
    .filter((path) => !folders.has(path.slice("test/".length, path.lastIndexOf("/"))));
  expect(strays).toEqual([]);
});
