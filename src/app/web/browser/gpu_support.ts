import { type Engine, thisEngine } from "./engine.ts";

/** What the browser says about WebGPU. */
export interface GpuFacts {
  secureContext: boolean;
  hasGpu: boolean;
  hasAdapter: boolean;
  engine: Engine;
}

/** Where WebGPU comes switched on, as of November 2026 (gpuweb's list of implementations, MDN's compatibility data). */
const browsers =
  "Chrome or Edge 113 (on Android 121, on Linux 144), Safari 26, Firefox 141 on Windows or 147 on a Mac with Apple silicon, or a later version";
const chromeFlags = "chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan";

/** Asks the browser; never throws. */
export async function gpuFacts(): Promise<GpuFacts> {
  const gpu = navigator.gpu as GPU | undefined;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return {
    secureContext: self.isSecureContext,
    hasGpu: gpu !== undefined,
    hasAdapter: adapter !== null && adapter !== undefined,
    engine: thisEngine(),
  };
}

/** Why training cannot work here and what to do, or null where it can. */
export function gpuProblem({ secureContext, hasGpu, hasAdapter, engine }: GpuFacts): string | null {
  if (!secureContext)
    return "WebGPU is switched off because this page came over plain http; open it over https or as http://localhost";
  if (!hasGpu) return withoutGpu(engine);
  return hasAdapter ? null : withoutAdapter(engine);
}

function withoutGpu({ name, version, system }: Engine): string {
  if (system === "ios") return "WebGPU needs iOS or iPadOS 26, in whichever browser; update the system";
  if (name === "firefox") return withoutGpuInFirefox(version, system);
  if (name === "webkit")
    return `WebGPU needs Safari 26 on macOS 26${found(version, 26)}; update macOS, or use Chrome or Edge`;
  if (name === "chromium") {
    const first = system === "android" ? 121 : 113;
    if (version !== null && version < first)
      return `WebGPU needs Chrome or Edge ${first}${found(version, first)}; update the browser`;
    return system === "linux" ? chromeOnLinux : `WebGPU is switched off in this browser; ${switchOn}`;
  }
  return `This browser has no WebGPU; use ${browsers}`;
}

/** On Linux release versions have it behind a setting: tried with 153. */
function withoutGpuInFirefox(version: number | null, system: Engine["system"]): string {
  if (system === "android") return "Firefox on Android has no WebGPU; use Chrome or Edge 121 or later";
  if (system === "linux" && (version === null || version >= 141))
    return "Firefox on Linux has WebGPU switched off; open about:config, set dom.webgpu.enabled to true, and start Firefox again";
  const first = system === "mac" ? 147 : 141;
  if (version !== null && version < first)
    return `WebGPU needs Firefox ${first}${found(version, first)}; update Firefox`;
  if (system === "mac")
    return "Firefox has WebGPU on Macs with Apple silicon only; on this Mac use Chrome or Edge. If it has Apple silicon, set dom.webgpu.enabled to true in about:config";
  return "WebGPU is switched off in this Firefox; open about:config, set dom.webgpu.enabled to true, and start Firefox again";
}

function withoutAdapter({ name, system }: Engine): string {
  if (name === "firefox" && system === "linux")
    return "WebGPU found no graphics adapter; install the Vulkan driver of the graphics card (on Debian and Ubuntu mesa-vulkan-drivers, or NVIDIA's), set gfx.webgpu.ignore-blocklist to true in about:config, and start Firefox again";
  if (system === "linux") return chromeOnLinux;
  return `WebGPU found no graphics adapter; ${switchOn}, and update the graphics driver`;
}

const switchOn = "switch on hardware acceleration in the browser's settings";

/** Chrome on Linux has `navigator.gpu` also where it is switched off, and then no adapter. */
const chromeOnLinux = `WebGPU found no graphics adapter; on Linux Chrome and Edge have WebGPU from version 144 with Intel graphics (Gen 12 on) and from 147 with NVIDIA's driver 535.183 on; otherwise install a Vulkan driver, switch on ${chromeFlags}, and start the browser again`;

/** ", found version 100" where that is the cause. */
const found = (version: number | null, first: number): string =>
  version === null || version >= first ? "" : `, found version ${version}`;
