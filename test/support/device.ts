import { Gpu } from "../../src/gpu/gpu.ts";

/** One device for a test file, on whatever adapter the runtime offers. */
export const gpu = await Gpu.open((globalThis.navigator as Navigator | undefined)?.gpu);
