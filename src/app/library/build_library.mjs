/**
 * `npm run build:library`: the library for whom TypeScript and .wgsl files are nothing, which is Node (it strips no types
 * below node_modules) and pages built by others. Into dist-library: page/, node/ and types/. Deno takes src/saccade.ts as
 * it stands.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { run } from "../serve/dependencies.mjs";
import { wgslAsText } from "./wgsl_as_text.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const out = join(root, "dist-library");

/** @param {"page" | "node"} name  @param {string} condition  that chooses #host in package.json */
const bundle = (name, condition) =>
  build({
    configFile: false,
    logLevel: "warn",
    root,
    base: "./",
    publicDir: false,
    plugins: [wgslAsText()],
    resolve: { conditions: [condition, "module", "import"] },
    worker: { format: "es", plugins: () => [wgslAsText()] },
    build: {
      outDir: join(out, name),
      emptyOutDir: true,
      target: "es2022",
      minify: false,
      lib: { entry: join(root, "src/saccade.ts"), formats: ["es"], fileName: "saccade" },
      rollupOptions: { external: [/^node:/, "webgpu"] },
    },
  });

rmSync(out, { recursive: true, force: true });
await bundle("page", "browser");
await bundle("node", "node");
const code = await run(
  join(root, "node_modules", ".bin", process.platform === "win32" ? "tsc.cmd" : "tsc"),
  ["-p", "src/app/library/types.tsconfig.json"],
  { cwd: root, shell: process.platform === "win32" },
);
if (code === 0) console.log("The library for pages and for Node is in dist-library");
process.exit(code);
