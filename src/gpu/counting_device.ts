import { Gpu } from "./gpu.ts";
import type { MatrixUnits } from "./matrix_units.ts";

/** What of an adapter's limits memory depends on; what is left out is as on a usual card. */
export type CountedLimits = Partial<
  Pick<
    GPUSupportedLimits,
    | "maxBufferSize"
    | "maxStorageBufferBindingSize"
    | "maxStorageBuffersPerShaderStage"
    | "maxComputeWorkgroupStorageSize"
    | "maxComputeWorkgroupsPerDimension"
  >
>;

const usualLimits: Required<CountedLimits> = {
  maxBufferSize: 2 ** 40,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxStorageBuffersPerShaderStage: 10,
  maxComputeWorkgroupStorageSize: 32_768,
  maxComputeWorkgroupsPerDimension: 65_535,
};

const nothing = () => {};

/** Of any card: memory does not depend on which. */
const usualUnits: MatrixUnits = { side: 16, lanes: 32 };

/**
 * A Gpu that computes nothing and holds nothing: models, plans and updates are made on it as on any other, its pool
 * counts what their buffers would take, and what is read is zero.
 *
 * @param software  whether kernels are chosen as on a software adapter
 * @param matrixUnits  whether it is taken to have matrix units
 */
export function countingGpu(limits: CountedLimits = {}, { software = false, matrixUnits = false } = {}): Gpu {
  const gpu = new Gpu(
    countingDevice({ ...usualLimits, ...limits }),
    "nothing but a count",
    software,
    false,
    limits.maxStorageBufferBindingSize ?? usualLimits.maxStorageBufferBindingSize,
    matrixUnits ? usualUnits : null,
  );
  gpu.counts = true;
  return gpu;
}

function countingDevice(limits: Required<CountedLimits>): GPUDevice {
  const createBuffer = ({ label = "", size, usage }: GPUBufferDescriptor) => ({
    label,
    size,
    usage,
    destroy: nothing,
    mapAsync: async () => {},
    getMappedRange: (_offset: number, bytes: number) => new ArrayBuffer(bytes),
    unmap: nothing,
  });
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = {
    beginComputePass: () => pass,
    clearBuffer: nothing,
    copyBufferToBuffer: nothing,
    finish: () => ({}),
  };
  const device = {
    limits,
    features: new Set<string>(),
    lost: new Promise(nothing),
    queue: { writeBuffer: nothing, submit: nothing },
    addEventListener: nothing,
    destroy: nothing,
    createBuffer,
    createShaderModule: () => ({}),
    createComputePipeline: () => ({ getBindGroupLayout: () => ({}) }),
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
  };
  return device as unknown as GPUDevice;
}
