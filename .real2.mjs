import { chromium } from "playwright";
import { readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
const args = ["--no-sandbox","--enable-unsafe-webgpu","--enable-features=Vulkan","--use-vulkan=swiftshader","--use-angle=swiftshader","--disable-background-networking","--disable-component-update"];
rmSync("/tmp/profile", { recursive: true, force: true });
const context = await chromium.launchPersistentContext("/tmp/profile", { executablePath: "/usr/bin/chromium", args, viewport: { width: 1440, height: 1000 }, acceptDownloads: true });
const url = "http://localhost:4179/?preset=needle&seed=5&tasksPerStep=1&rolloutsPerTask=2&saveEvery=1&steps=3";
const t0 = Date.now();
const log = (...a) => console.log(((Date.now() - t0) / 1000).toFixed(1), ...a);
const open = async (address = url) => { const page = await context.newPage(); page.on("console", (m) => ["error","warning"].includes(m.type()) && log("console:", m.text())); page.on("pageerror", (e) => log("pageerror", e.message)); page.on("request", (r) => { if (!r.url().startsWith("http://localhost:4179") && !r.url().startsWith("blob:") && !r.url().startsWith("data:")) log("FOREIGN", r.url()); }); await page.goto(address); return page; };
const notices = (p) => p.evaluate(() => [...document.querySelectorAll(".notice > span:first-child")].map((n) => n.textContent));
const button = (p, name) => p.getByRole("button", { name, exact: true });
const waitStep = (p, n, ms = 120000) => p.waitForFunction((n) => Number(document.querySelector(".progress b")?.textContent) >= n, n, { timeout: ms });
const shot = (p, name, full = false) => p.screenshot({ path: `/tmp/shots/real_${name}.png`, fullPage: full });

let page = await open();
await button(page, "Start").waitFor();
await page.waitForFunction(() => !document.querySelector(".go").disabled, null, { timeout: 60000 });
log("ready", await page.locator(".chips").textContent());
await button(page, "Start").click();
await waitStep(page, 1);
log("2 steps");
await button(page, "Pause").click();
await page.waitForTimeout(1500);
log("paused", await page.locator(".progress").textContent());

await page.waitForTimeout(800);


// reload in the middle: resume
await page.close();
page = await open();
await page.getByRole("button", { name: /Go on from step/ }).waitFor({ timeout: 60000 });
log("after reload", await notices(page));
await shot(page, "resume");
await page.getByRole("button", { name: /Go on from step/ }).click();
await page.waitForFunction(() => /The run is done/.test(document.body.innerText), null, { timeout: 180000 });
log("resumed to the end", await page.locator(".progress").textContent(), await notices(page));
log("curve", await page.locator('[aria-label^="accuracy over steps"]').getAttribute("aria-label"));
// stored run: open, remove
await button(page, "Runs").click();
await page.waitForTimeout(500);
await shot(page, "runs");
await page.getByRole("button", { name: /^Open the run/ }).first().click();
await page.waitForTimeout(800);
log("replay", await page.locator(".runbar").textContent(), page.url());
const replayUrl = page.url();
// events for drag and drop
const text = await page.evaluate(async () => { const db = await new Promise((r) => { const q = indexedDB.open("saccade"); q.onsuccess = () => r(q.result); }); const all = await new Promise((r) => { const q = db.transaction("logs").objectStore("logs").getAll(); q.onsuccess = () => r(q.result); }); db.close(); return all.join(""); });
log("log", text.length, text.split("\n").map((l) => l && JSON.parse(l).type).join(" "));
await button(page, "Close").click();
const drop = async (name, content) => { await page.evaluate(([name, content]) => { const d = new DataTransfer(); d.items.add(new File([content], name)); for (const t of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(t, { dataTransfer: d, bubbles: true, cancelable: true })); }, [name, content]); await page.waitForTimeout(900); };
await drop("events.jsonl", text.slice(0, -20));
log("dropped", await page.locator(".runbar").textContent(), await notices(page));
await drop("nonsense.txt", "hello\nworld");
log("dropped nonsense", await notices(page));
// removed meanwhile
const other = await open(replayUrl.replace("tab=train", ""));
await other.waitForTimeout(1500);
await button(other, "Runs").click();
await other.waitForTimeout(600);
await button(page, "Runs").click();
await page.waitForTimeout(400);
await other.getByRole("button", { name: /^Remove the run/ }).first().click();
await button(other, "Remove").click();
await other.waitForTimeout(700);
log("other after remove", await notices(other), (await other.locator("main").innerText()).slice(0, 200));
await other.close();
await page.getByRole("button", { name: /^Open the run/ }).first().click();
await page.waitForTimeout(800);
log("opened a removed run", await notices(page), await page.locator("main").innerText().then((t) => t.slice(0, 120)));
await context.close();
