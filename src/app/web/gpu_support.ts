/** What the browser says about WebGPU. */
export interface GpuFacts {
  secureContext: boolean;
  hasGpu: boolean;
  hasAdapter: boolean;
  linux: boolean;
}

/** Asks the browser; never throws. */
export async function gpuFacts(): Promise<GpuFacts> {
  const gpu = navigator.gpu as GPU | undefined;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return {
    secureContext: window.isSecureContext,
    hasGpu: gpu !== undefined,
    hasAdapter: adapter !== null && adapter !== undefined,
    linux: /Linux/.test(navigator.userAgent) && !/Android/.test(navigator.userAgent),
  };
}

/** Why training cannot work here and what to do, or null where it can. */
export function gpuProblem(facts: GpuFacts): string | null {
  if (!facts.secureContext) {
    return "WebGPU is switched off because this page came over plain http; open it over https or as http://localhost";
  }
  if (!facts.hasGpu) {
    const browsers = "Chrome or Edge 113, Safari 26 or Firefox 141 on Windows";
    return facts.linux
      ? `This browser has no WebGPU; on Linux use Chrome and switch on chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan`
      : `This browser has no WebGPU; use ${browsers}, or a later version`;
  }
  if (!facts.hasAdapter) {
    return facts.linux
      ? "WebGPU found no graphics adapter; install a Vulkan driver and switch on chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan"
      : "WebGPU found no graphics adapter; switch on hardware acceleration in the browser's settings and update the graphics driver";
  }
  return null;
}
