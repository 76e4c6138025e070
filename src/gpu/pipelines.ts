import type { Shader } from "./shader.ts";

/** An entry point with the constants and sizes that it is compiled for. */
export interface Kernel {
  shader: Shader;
  entry: string;
  constants: Readonly<Record<string, number>>;
  sizes: Readonly<Record<string, number>>;
}

/** The compiled kernels of a device, each compiled once. */
export class Pipelines {
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, GPUComputePipeline>();

  /** @param unrolled  see `Shader.text` */
  constructor(
    readonly device: GPUDevice,
    readonly unrolled: boolean,
  ) {}

  get({ shader, entry, constants, sizes }: Kernel): GPUComputePipeline {
    const moduleKey = `${shader.name} ${JSON.stringify(sizes)}`;
    const key = `${moduleKey} ${entry} ${JSON.stringify(constants)}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.device.createComputePipeline({
        label: `${shader.name}.${entry}`,
        layout: "auto",
        compute: { module: this.#module(moduleKey, shader, sizes), entryPoint: entry, constants },
      });
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  #module(key: string, shader: Shader, sizes: Kernel["sizes"]): GPUShaderModule {
    let module = this.#modules.get(key);
    if (!module) {
      module = this.device.createShaderModule({ label: `${shader.name}.wgsl`, code: shader.text(sizes, this) });
      this.#modules.set(key, module);
    }
    return module;
  }
}
