import { Gpu } from "../../src/gpu/gpu.ts";

/**
 * A device whose kernels are chosen as for a graphics card, on whatever adapter the runtime offers. Loops stay loops: a software
 * adapter compiles large kernels many times faster then.
 */
export async function cardGpu(): Promise<Gpu> {
  const { device, adapterName, maxBindingBytes } = await Gpu.open(navigator.gpu);
  return new Gpu({
    device,
    adapterName,
    software: false,
    plain: false,
    maxBindingBytes,
    matrixUnits: null,
    unrolled: false,
  });
}
