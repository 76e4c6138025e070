import { spawnSync } from "node:child_process";
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

type Chunk = [name: string, gzipBytes: number, imports: string[], modules: string[]];

/** Names of the files that hold modules, and of all that these import statically. */
function withImports(chunks: readonly Chunk[], ...modules: string[]): Set<string> {
  const byName = new Map(chunks.map((chunk) => [chunk[0], chunk]));
  const found = new Set(modules.map((module) => chunks.find((chunk) => chunk[3].includes(module))![0]));
  for (const name of found) for (const other of byName.get(name)?.[2] ?? []) found.add(other);
  return found;
}

const total = (chunks: readonly Chunk[], names: ReadonlySet<string>): number =>
  chunks.reduce((sum, [name, gzipBytes]) => sum + (names.has(name) ? gzipBytes : 0), 0);

test("the built page weighs at most 250 kB gzip before the first file of the model, worker and welcome included", () => {
  const { stdout, stderr } = spawnSync("node", [new URL("support/chunk_sizes.mjs", import.meta.url).pathname], {
    encoding: "utf8",
    timeout: 120_000,
    env: { ...Deno.env.toObject(), NODE_ENV: "production" },
  });
  expect(stderr).not.toContain("Error");
  const { page, workers, others } = JSON.parse(stdout) as { page: Chunk[]; workers: Chunk[]; others: number };
  // What the page imports by itself as it begins: the player of the recorded run, and what happens in a hidden tab.
  const shown = withImports(
    page,
    "src/app/web/main.tsx",
    "src/app/web/welcome/intro_player.tsx",
    "src/app/web/away/away_control.ts",
  );
  const styles = new Set(page.map(([name]) => name).filter((name) => /index-[^/]+\.css$/.test(name)));
  const worker = withImports(workers, "src/app/web/worker/worker.ts");
  const parts = {
    page: total(page, shown),
    styles: total(page, styles),
    worker: total(workers, worker),
    others,
  };
  expect(styles.size).toBe(1);
  expect(Math.min(...Object.values(parts))).toBeGreaterThan(1000);
  const bytes = parts.page + parts.styles + parts.worker + parts.others;
  expect(bytes, JSON.stringify(parts)).toBeLessThanOrEqual(250_000);
  // Kernels and training, which are fetched beside the model's files of 2.9 MB.
  const session = total(workers, withImports(workers, "src/app/session/open_gpu_session.ts").difference(worker));
  expect(session, "beside the model").toBeLessThanOrEqual(265_000);
  console.info(`${bytes} bytes before the model: ${JSON.stringify(parts)}; ${session} beside it`);
});
