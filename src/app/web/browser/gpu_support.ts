/** What the browser says about WebGPU. */
export interface GpuFacts {
  secureContext: boolean;
  hasGpu: boolean;
  hasAdapter: boolean;
  linux: boolean;
}

/** Where WebGPU comes switched on; on Linux only Chrome has it, behind flags. */
const browsers =
  "Chrome or Edge 113 (on Android 121), Safari 26, Firefox 141 on Windows or 145 on a Mac with Apple silicon, or a later version";
const linuxFlags = "chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan";

/** Android calls itself Linux too. */
export const isLinux = (userAgent: string): boolean => /Linux/.test(userAgent) && !/Android/.test(userAgent);

/** Asks the browser; never throws. */
export async function gpuFacts(): Promise<GpuFacts> {
  const gpu = navigator.gpu as GPU | undefined;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return {
    secureContext: self.isSecureContext,
    hasGpu: gpu !== undefined,
    hasAdapter: adapter !== null && adapter !== undefined,
    linux: isLinux(navigator.userAgent),
  };
}

/** Why training cannot work here and what to do, or null where it can. */
export function gpuProblem({ secureContext, hasGpu, hasAdapter, linux }: GpuFacts): string | null {
  if (!secureContext)
    return "WebGPU is switched off because this page came over plain http; open it over https or as http://localhost";
  if (!hasGpu)
    return linux
      ? `This browser has no WebGPU; on Linux use Chrome and switch on ${linuxFlags}`
      : `This browser has no WebGPU; use ${browsers}`;
  if (!hasAdapter)
    return linux
      ? `WebGPU found no graphics adapter; install a Vulkan driver and switch on ${linuxFlags}`
      : "WebGPU found no graphics adapter; switch on hardware acceleration in the browser's settings and update the graphics driver";
  return null;
}
