import { createServer } from "node:http";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { offlineFiles } from "../../../src/app/serve/offline_files.mjs";
import { serveFolder } from "../../../src/app/serve/static_server.mjs";
import { buildPage } from "../../support/built_page.ts";

const program = "/usr/bin/chromium";
/** A machine with much to do. */
const patient = { timeout: 30_000 };

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = await buildPage();
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  await Deno.remove(folder, { recursive: true });
});

async function visit(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

/** Once the page's files are kept. */
const kept = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active!.state !== "activated")
      await new Promise((resolve) => active!.addEventListener("statechange", resolve, { once: true }));
  });

describe("the list of the page's files", () => {
  test("has all that the page is made of, what it opens with first, and nothing that only others fetch", () => {
    const files = offlineFiles(folder);
    const paths = files.map(([path]) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "index.html",
        "manifest.webmanifest",
        "needle/model.safetensors",
        "docs/README.html",
        "docs/src/README.html",
      ]),
    );
    expect(paths.filter((path) => /README\.md|^docs\/src\/app|card\.png|service_worker|\.map$/.test(path))).toEqual([]);
    const late = files.filter(([, , isLate]) => isLate).map(([path]) => path.split("/")[0]);
    expect(new Set(late)).toEqual(new Set(["docs", "needle", "story", "recorded"]));
    expect(files.findLastIndex(([, , isLate]) => !isLate)).toBe(files.length - late.length - 1);
    expect(files.every(([, hash]) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  });
});

test("after one visit the page opens without a server, isolated and under its policy, with its models and recordings", async () => {
  const server = await serveFolder(folder, 0);
  const context = await browser.newContext();
  let page = await visit(context, server.address);
  await kept(page);
  const asked = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  expect(asked.filter((name) => !name.startsWith(server.address) && !name.startsWith("blob:"))).toEqual([]);
  await page.close();
  await server.close();

  page = await visit(context, `${server.address}?run=recording/needle&step=100`);
  await page.getByText("recorded step 100 of 100").waitFor();
  await expect.poll(() => page.title(), patient).toBe("100/100 recorded · Saccade");
  const found = await page.evaluate(async () => {
    const document = await fetch("./");
    const model = await fetch("needle/model.safetensors");
    const caches_ = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return {
      isolated: crossOriginIsolated,
      policy: document.headers.get("content-security-policy"),
      lacking: (await fetch("needle/processor_config.json")).status,
      modelBytes: (await model.arrayBuffer()).byteLength,
      models: caches_.flat().filter(({ url }) => url.includes("needle/model.safetensors")).length,
      range: await fetch("needle/model.safetensors", { headers: { range: "bytes=0-7" } }).then(
        ({ status }) => status,
        () => "asked the network",
      ),
    };
  });
  expect(found.isolated).toBe(true);
  expect(found.policy).toContain("connect-src 'self'");
  expect(found.modelBytes).toBe((await Deno.stat(`${folder}/needle/model.safetensors`)).size);
  expect(found.lacking).toBe(404);
  expect(found.models).toBe(1);
  expect(found.range).toBe("asked the network");
  await page.getByRole("button", { name: "Learn", exact: true }).click();
  await page.getByRole("heading", { name: "What is a group?" }).waitFor();
  await context.close();
});

test("a network that takes requests and never answers is not waited for: the page opens with what is kept", async () => {
  const server = await serveFolder(folder, 0);
  const context = await browser.newContext();
  let page = await visit(context, server.address);
  await kept(page);
  await page.close();
  await server.close();
  let asked = 0;
  const silent = createServer(() => asked++);
  await new Promise<void>((resolve) =>
    silent.listen(Number(new URL(server.address).port), "127.0.0.1", () => resolve()),
  );
  try {
    page = await context.newPage();
    await page.goto(`${server.address}?run=recording/needle&step=100`, { timeout: 60_000 });
    await expect.poll(() => page.title(), patient).toBe("100/100 recorded · Saccade");
    expect(asked).toBeGreaterThan(0);
    expect(await page.evaluate(async () => (await fetch("needle/processor_config.json")).status)).toBe(404);
  } finally {
    await new Promise<void>((resolve) => {
      silent.close(() => resolve());
      silent.closeAllConnections();
    });
    await context.close();
  }
});

test("a new version shows at the next visit and is what is kept then; a tab with the old one still finds its parts", async () => {
  const server = await serveFolder(folder, 0);
  const context = await browser.newContext();
  const old = await visit(context, server.address);
  await kept(old);

  // The next version: another page that starts with another script, and lessons that are elsewhere.
  const asset = (name: string): string =>
    `${folder}/${offlineFiles(folder).find(([path]) => path.startsWith(`assets/${name}-`) && path.endsWith(".js"))![0]}`;
  const [lessons, unchanged] = [asset("learn_view"), asset("compare_view")];
  const html = await Deno.readTextFile(`${folder}/index.html`);
  const entry = /assets\/(index-[\w-]+)\.js/.exec(html)![1]!;
  const other = `${folder}/assets/index-other.js`;
  const list = await Deno.readTextFile(`${folder}/service_worker.js`);
  try {
    await Deno.writeTextFile(other, `import "./${entry}.js";`);
    await Deno.writeTextFile(
      `${folder}/index.html`,
      html.replaceAll(`${entry}.js`, "index-other.js").replace("<noscript>", "<p id=version>2</p><noscript>"),
    );
    await Deno.rename(lessons, `${folder}/lessons.js`);
    await Deno.writeTextFile(
      `${folder}/service_worker.js`,
      list.replace(/^const files = .*;/, `const files = ${JSON.stringify(offlineFiles(folder))};`),
    );
    // What has not changed is not fetched again: this file could not be.
    await Deno.rename(unchanged, `${folder}/hidden.js`);
    const page = await visit(context, server.address);
    expect(await page.locator("#version").textContent()).toBe("2");
    const newer = "There is a newer version of this page";
    await old.getByText(newer).waitFor();
    expect(await page.getByText(newer).count()).toBe(0);
    await old.getByRole("button", { name: "Learn", exact: true }).click();
    await old.getByRole("heading", { name: "What is a group?" }).waitFor();
    await server.close();
    await page.reload();
    expect(await page.locator("#version").textContent()).toBe("2");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  } finally {
    await Deno.remove(other);
    await Deno.writeTextFile(`${folder}/index.html`, html);
    await Deno.rename(`${folder}/lessons.js`, lessons);
    await Deno.rename(`${folder}/hidden.js`, unchanged);
    await Deno.writeTextFile(`${folder}/service_worker.js`, list);
    await server.close();
  }
  await context.close();
});
