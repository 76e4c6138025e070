import { expect, test } from "vitest";
import { gpuProblem, isLinux } from "../../../../src/app/web/browser/gpu_support.ts";

const good = { secureContext: true, hasGpu: true, hasAdapter: true, linux: false };

test("a browser that can train has no problem", () => {
  expect(gpuProblem(good)).toBeNull();
});

test.each([
  [{ secureContext: false, hasGpu: false }, "over plain http; open it over https or as http://localhost"],
  [{ hasGpu: false }, "use Chrome or Edge 113 (on Android 121), Safari 26, Firefox 141 on Windows or 145 on a Mac"],
  [{ hasGpu: false, linux: true }, "on Linux use Chrome and switch on chrome://flags/#enable-unsafe-webgpu"],
  [{ hasAdapter: false }, "switch on hardware acceleration"],
  [{ hasAdapter: false, linux: true }, "install a Vulkan driver"],
])("%o is told with what to do", (facts, remedy) => {
  expect(gpuProblem({ ...good, ...facts })).toContain(remedy);
});

test("Android is not taken for Linux", () => {
  expect(isLinux("Mozilla/5.0 (X11; Linux x86_64)")).toBe(true);
  expect(isLinux("Mozilla/5.0 (Linux; Android 14; Pixel 8)")).toBe(false);
});
