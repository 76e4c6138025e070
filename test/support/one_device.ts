/**
 * One WebGPU device for all native tests of a process. Compiling kernels takes most of a session's time on a software
 * adapter; here each is compiled once, not once for each session that a test opens. What opens a device still gets one
 * that can be used and destroyed like its own: buffers end with it, and its loss is not that of the others. An error
 * reaches all that are open: tests that provoke errors open their device on `ownGpu`.
 */

/** Devices that were given out and not destroyed hold this much: their limits and features are those that were asked for. */
interface Compiled {
  device: GPUDevice;
  modules: Map<string, GPUShaderModule>;
  pipelines: Map<string, GPUComputePipeline>;
}

const moduleIds = new WeakMap<GPUShaderModule, string>();

/** Constants and layouts are few and small, and name a pipeline together with its module and entry point. */
function pipelineKey({ layout, compute }: GPUComputePipelineDescriptor): string | null {
  const id = moduleIds.get(compute.module);
  return layout === "auto" && id !== undefined
    ? JSON.stringify([id, compute.entryPoint, Object.entries(compute.constants ?? {})])
    : null;
}

/** A device of its own, as far as can be seen, on another one. */
function guestOf({ device, modules, pipelines }: Compiled): GPUDevice {
  const buffers = new Set<WeakRef<GPUBuffer>>();
  const querySets: GPUQuerySet[] = [];
  const listeners: Parameters<GPUDevice["addEventListener"]>[] = [];
  let lose: (info: GPUDeviceLostInfo) => void;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => {
    lose = resolve;
  });
  device.lost.then(lose!);
  const own: Partial<GPUDevice> = {
    lost,
    createBuffer: (descriptor) => {
      const buffer = device.createBuffer(descriptor);
      buffers.add(new WeakRef(buffer));
      return buffer;
    },
    createQuerySet: (descriptor) => {
      const set = device.createQuerySet(descriptor);
      querySets.push(set);
      return set;
    },
    createShaderModule: (descriptor) => {
      let module = modules.get(descriptor.code);
      if (!module) {
        module = device.createShaderModule(descriptor);
        modules.set(descriptor.code, module);
        moduleIds.set(module, String(modules.size));
      }
      return module;
    },
    createComputePipeline: (descriptor) => {
      const key = pipelineKey(descriptor);
      let pipeline = key === null ? undefined : pipelines.get(key);
      if (!pipeline) {
        pipeline = device.createComputePipeline(descriptor);
        if (key !== null) pipelines.set(key, pipeline);
      }
      return pipeline;
    },
    createComputePipelineAsync: async (descriptor) => own.createComputePipeline!(descriptor),
    addEventListener: ((...listener: Parameters<GPUDevice["addEventListener"]>) => {
      listeners.push(listener);
      device.addEventListener(...listener);
    }) as GPUDevice["addEventListener"],
    destroy: () => {
      for (const [type, listener] of listeners) device.removeEventListener(type, listener);
      for (const buffer of buffers) buffer.deref()?.destroy();
      for (const set of querySets) set.destroy();
      buffers.clear();
      lose({ reason: "destroyed", message: "Device was destroyed." } as GPUDeviceLostInfo);
      return undefined;
    },
  };
  return new Proxy(device, {
    get: (_, name) => {
      if (name in own) return own[name as keyof GPUDevice];
      const value = Reflect.get(device, name, device) as unknown;
      return typeof value === "function" ? value.bind(device) : value;
    },
  });
}

/** A GPU whose adapters request one real device for all that ask for the same features and limits. */
export function sharing(gpu: GPU): GPU {
  const devices = new Map<string, Promise<Compiled>>();
  const deviceOf = (adapter: GPUAdapter, descriptor: GPUDeviceDescriptor = {}) => {
    const key = JSON.stringify(descriptor);
    let device = devices.get(key);
    if (!device) {
      device = adapter
        .requestDevice(descriptor)
        .then((device) => ({ device, modules: new Map(), pipelines: new Map() }));
      devices.set(key, device);
    }
    return device;
  };
  return {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) return null;
      return new Proxy(adapter, {
        get: (_, name) => {
          if (name === "requestDevice")
            return async (descriptor?: GPUDeviceDescriptor) => guestOf(await deviceOf(adapter, descriptor));
          const value = Reflect.get(adapter, name, adapter) as unknown;
          return typeof value === "function" ? value.bind(adapter) : value;
        },
      });
    },
  } as GPU;
}

const key = Symbol.for("saccade.ownGpu");
const kept = globalThis as unknown as Record<symbol, GPU | undefined>;
const { gpu: found } = navigator as { gpu?: GPU };

/** The runtime's GPU, whose devices are not shared. */
export const ownGpu = kept[key] ?? found;

if (kept[key] === undefined && found) {
  kept[key] = found;
  Object.defineProperty(navigator, "gpu", { value: sharing(found), configurable: true });
}
