import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** `import source from "./x.wgsl" with { type: "text" }`, which Deno reads by itself. */
const wgsl = (): Plugin => ({
  name: "wgsl-as-text",
  enforce: "pre",
  transform: {
    filter: { id: /\.wgsl$/ },
    handler: (code) => ({ code: `export default ${JSON.stringify(code)}`, map: null, moduleType: "js" }),
  },
});

/** Cross-origin isolation: SharedArrayBuffer and exact timers in workers. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Chromium on its own software adapter; without the last three, WebGPU canvases are blank in screenshots. */
const chromiumFlags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
];

export default defineConfig({
  base: "./",
  plugins: [wgsl()],
  worker: { format: "es", plugins: () => [wgsl()] },
  server: { headers },
  preview: { headers },
  build: { target: "es2022" },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "native",
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: ["test/browser/**"],
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.{ts,tsx}"],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: "/usr/bin/chromium", args: chromiumFlags } }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
