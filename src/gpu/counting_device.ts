import { Gpu } from "./gpu.ts";
import type { MatrixUnits } from "./matrix_units.ts";

/** The adapter limits that memory depends on; those left out are as on a usual card. */
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

/** Any card's: memory does not depend on them. */
const usualUnits: MatrixUnits = { side: 16, lanes: 32 };

/**
 * A Gpu that computes and allocates nothing: models, plans and updates are made on it as on any other, its pool counts
 * what their buffers would take, and reads return zeros.
 *
 * @param software     whether kernels are chosen as for a software adapter
 * @param matrixUnits  whether kernels are chosen as for a card with matrix units
 */
export function countingGpu(limits: CountedLimits = {}, { software = false, matrixUnits = false } = {}): Gpu {
  return new Gpu({
    device: countingDevice({ ...usualLimits, ...limits }),
    adapterName: "nothing but a count",
    software,
    plain: false,
    maxBindingBytes: limits.maxStorageBufferBindingSize ?? usualLimits.maxStorageBufferBindingSize,
    matrixUnits: matrixUnits ? usualUnits : null,
    counts: true,
  });
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
  const pipeline = { getBindGroupLayout: () => ({}) };
  const device = {
    limits,
    features: new Set<string>(),
    lost: new Promise(nothing),
    queue: { writeBuffer: nothing, submit: nothing },
    addEventListener: nothing,
    destroy: nothing,
    createBuffer,
    createShaderModule: () => ({}),
    createComputePipeline: () => pipeline,
    createComputePipelineAsync: async () => pipeline,
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
  };
  return device as unknown as GPUDevice;
}
