import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);

/** Files that a browser fetches with a script: what it imports statically, types left out, and what these import. */
function loadedWith(script: string): Set<string> {
  const found = new Set([script]);
  for (const path of found) {
    if (!/\.tsx?$/.test(path)) continue;
    const code = readFileSync(new URL(path, root), "utf8");
    for (const [, names, from] of code.matchAll(/^(?:import|export)\s+(?!type\b)([^;"]*?)\bfrom\s+"(\.[^"]+)"/gm)) {
      const onlyTypes = /^\{(?:\s*type\s+\w+(?:\s+as\s+\w+)?\s*,?)+\s*\}\s*$/.test(names!);
      if (!onlyTypes) found.add(new URL(from!, new URL(path, root)).href.slice(root.href.length));
    }
  }
  return found;
}

/** Large parts that a page can do without until they are needed; each is to be imported where it is needed. */
const late = [
  "src/app/session/open_gpu_session.ts",
  "src/train/trainer.ts",
  "src/tasks/parquet/table.ts",
  "src/policy/tokenizer.ts",
  "src/interop/verl/command.ts",
];

test.each(["src/app/web/main.tsx", "src/app/web/worker/worker.ts"])(
  "%s loads no kernels and none of the large parts",
  (script) => {
    const loaded = loadedWith(script);
    expect(loaded.size).toBeGreaterThan(50);
    expect(late.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
    expect(late.filter((path) => loaded.has(path))).toEqual([]);
    expect([...loaded].filter((path) => path.endsWith(".wgsl"))).toEqual([]);
  },
);
