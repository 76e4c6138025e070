import { expect, test } from "vitest";
import { type Engine, engineOf } from "../../../../src/app/web/browser/engine.ts";
import { gpuProblem } from "../../../../src/app/web/browser/gpu_support.ts";

const agents = {
  firefoxLinux: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
  firefoxWindows: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  firefoxMac: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0",
  firefoxAndroid: "Mozilla/5.0 (Android 14; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0",
  chromeLinux: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
  chromeAndroid:
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
  edgeWindows:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0",
  safariMac:
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  chromeOnIphone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/150.0.0.0 Mobile/15E148 Safari/604.1",
} as const;

test.each<[keyof typeof agents, Engine]>([
  ["firefoxLinux", { name: "firefox", version: 153, system: "linux" }],
  ["firefoxAndroid", { name: "firefox", version: 150, system: "android" }],
  ["chromeAndroid", { name: "chromium", version: 120, system: "android" }],
  ["edgeWindows", { name: "chromium", version: 150, system: "windows" }],
  ["safariMac", { name: "webkit", version: 18, system: "mac" }],
  ["chromeOnIphone", { name: "webkit", version: null, system: "ios" }],
])("%s is told apart", (agent, engine) => {
  expect(engineOf(agents[agent])).toEqual(engine);
});

test("an iPad calls itself a Mac, and something unknown is no engine", () => {
  expect(engineOf(agents.safariMac, 5).system).toBe("ios");
  expect(engineOf("")).toEqual({ name: "other", version: null, system: "other" });
});

const good = { secureContext: true, hasGpu: true, hasAdapter: true, engine: engineOf(agents.firefoxLinux) };

test("a browser that can train has no problem", () => {
  expect(gpuProblem(good)).toBeNull();
  expect(gpuProblem({ ...good, secureContext: false })).toContain("open it over https or as http://localhost");
});

test.each<[keyof typeof agents, string]>([
  ["firefoxLinux", "open about:config, set dom.webgpu.enabled to true"],
  ["firefoxWindows", "needs Firefox 141, found version 140; update Firefox"],
  ["firefoxMac", "on this Mac use Chrome or Edge"],
  ["firefoxAndroid", "use Chrome or Edge 121"],
  ["chromeLinux", "chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan"],
  ["chromeAndroid", "needs Chrome or Edge 121, found version 120; update the browser"],
  ["edgeWindows", "switch on hardware acceleration"],
  ["safariMac", "needs Safari 26 on macOS 26, found version 18; update macOS"],
  ["chromeOnIphone", "needs iOS or iPadOS 26, in whichever browser"],
])("%s without WebGPU is told what to do there, and nothing of other browsers' settings", (agent, remedy) => {
  const engine = engineOf(agents[agent]);
  const problem = gpuProblem({ ...good, hasGpu: false, hasAdapter: false, engine });
  expect(problem).toContain(remedy);
  if (engine.name !== "chromium") expect(problem).not.toContain("chrome://");
  if (engine.name !== "firefox") expect(problem).not.toContain("about:config");
});

test.each<[keyof typeof agents, string]>([
  ["firefoxLinux", "set gfx.webgpu.ignore-blocklist to true in about:config"],
  ["firefoxWindows", "update the graphics driver"],
  ["chromeLinux", "from 147 with NVIDIA's driver"],
  ["edgeWindows", "switch on hardware acceleration"],
])("%s without an adapter is told what to do there", (agent, remedy) => {
  expect(gpuProblem({ ...good, hasAdapter: false, engine: engineOf(agents[agent]) })).toContain(remedy);
});

test("a browser that nobody knows is told which to use", () => {
  const problem = gpuProblem({ ...good, hasGpu: false, engine: { name: "other", version: null, system: "other" } });
  expect(problem).toContain("use Chrome or Edge 113 (on Android 121, on Linux 144), Safari 26, Firefox 141 on Windows");
});
