import { playwright } from "@vitest/browser-playwright";
import { defaultServerConditions, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { wgslAsText } from "./src/app/library/wgsl_as_text.mjs";
import { contentPolicy } from "./src/app/serve/content_policy.mjs";
import { docsPages } from "./src/app/serve/docs_pages.mjs";
import { writeServiceWorker } from "./src/app/serve/offline_files.mjs";
import { pageAddress } from "./src/app/serve/page_address.mjs";
import { SlowestFirst } from "./test/support/slowest_first.ts";

/** Cross-origin isolation: SharedArrayBuffer and exact timers in workers. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The built page under `vite preview` has the headers that `npm start` gives it. */
const policies = (): Plugin => ({
  name: "content-policies",
  configurePreviewServer: ({ middlewares }) => {
    middlewares.use((request: unknown, response: unknown, next: () => void) => {
      const { url = "" } = request as { url?: string };
      const head = response as { setHeader(name: string, value: string): void };
      head.setHeader("Content-Security-Policy", contentPolicy(url.split("?")[0]!));
      next();
    });
  },
});

/** The documents, as pages beside the page. */
const documents = (root = "."): Plugin => ({
  name: "documents",
  configResolved: (config) => {
    root = config.root;
  },
  generateBundle() {
    for (const [fileName, source] of docsPages(root)) this.emitFile({ type: "asset", fileName, source });
  },
  configureServer: ({ middlewares }) => {
    middlewares.use((request: unknown, response: unknown, next: () => void) => {
      const { url = "" } = request as { url?: string };
      const path = url.split("?")[0]!.slice(1);
      const found = path.startsWith("docs/") ? docsPages(root).get(path) : undefined;
      if (found === undefined) return next();
      const answer = response as {
        setHeader(name: string, value: string): void;
        end(content: string | Uint8Array): void;
      };
      if (typeof found === "string") answer.setHeader("Content-Type", path.endsWith(".css") ? "text/css" : "text/html");
      answer.end(found);
    });
  },
});

/**
 * Chromium on its own software adapter. What it shows is put together on the processor: without a card that takes a quarter less
 * than a software GPU for it.
 */
const chromiumFlags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--disable-gpu-compositing",
  "--disable-background-networking",
  "--disable-component-update",
];

export default defineConfig({
  base: "./",
  plugins: [wgslAsText(), policies(), documents(), pageAddress(), writeServiceWorker()],
  worker: { format: "es", plugins: () => [wgslAsText()] },
  // The development server puts scripts into the page, and test pages stand in frames of its own.
  server: { headers: { ...headers, "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'" } },
  preview: { headers },
  build: { target: "es2022" },
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        // They run under Deno: modules that import "saccade", as people write them, mean the sources.
        ssr: { resolve: { conditions: ["deno", ...defaultServerConditions] } },
        test: {
          name: "native",
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: ["test/browser/**"],
          // Kernels and modules are compiled once a process.
          pool: "forks",
          isolate: false,
          maxWorkers: 2,
          setupFiles: ["test/support/one_device.ts", "test/support/equal_numbers.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        // Found late, in a test that imports it, it would reload the tests under way.
        optimizeDeps: { include: ["axe-core", "onnxruntime-web/jspi"] },
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.{ts,tsx}"],
          setupFiles: ["test/support/equal_numbers.ts"],
          testTimeout: 120_000,
          // For a slow machine. `expect.element` waits as long as its test may take; `expect.poll` one second unless told.
          expect: { poll: { timeout: 60_000 } },
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
