import { chromium } from "playwright";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
const types = { html: "text/html", js: "text/javascript", css: "text/css", json: "application/json", svg: "image/svg+xml", wasm: "application/wasm" };
const server = createServer(async (q, r) => {
  const path = new URL(q.url, "http://x").pathname;
  try { const b = await readFile("/tmp/ad_dist" + (path === "/" ? "/index.html" : path)); r.setHeader("content-type", types[path === "/" ? "html" : path.split(".").pop()] ?? "application/octet-stream"); r.setHeader("cross-origin-opener-policy","same-origin"); r.setHeader("cross-origin-embedder-policy","require-corp"); r.end(b); } catch { r.statusCode = 404; r.end(); }
}).listen(0, "127.0.0.1");
await new Promise((d) => server.once("listening", d));
const url = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: process.env.CHROME || undefined, args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"] });
for (const [scheme, width] of [["light", 1024], ["dark", 390]]) {
  const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 1100 } });
  page.on("pageerror", (e) => console.log("error", e.message));
  const t = Date.now();
  await page.goto(url);
  const line = page.getByText(/No graphics card here/);
  await line.waitFor({ timeout: 60000 }).catch((e) => console.log(String(e).slice(0, 200)));
  console.log(scheme, width, "after", Date.now() - t, "ms:", await line.innerText().catch(() => "none"));
  await line.scrollIntoViewIfNeeded().catch(() => {});
  await page.screenshot({ path: `/tmp/ad_${scheme}_${width}.png` });
  if (width === 1024) { await page.getByRole("button", { name: /Take steps of/ }).click(); console.log(await line.innerText()); await page.screenshot({ path: `/tmp/ad_small_${width}.png` }); }
  await page.close();
}
await browser.close(); server.close();
