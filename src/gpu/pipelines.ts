import type { Dispatch } from "./dispatch.ts";
import type { Shader } from "./shader.ts";

/** An entry point with the constants and sizes that it is compiled for. */
export type Kernel = Pick<Dispatch, "shader" | "entry" | "constants" | "sizes">;

/** The compiled kernels of a device, each compiled once. */
export class Pipelines {
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #compiling = new Map<string, Promise<boolean>>();

  /** @param unrolled  see `Shader.text` */
  constructor(
    readonly device: GPUDevice,
    readonly unrolled: boolean,
  ) {}

  get(kernel: Kernel): GPUComputePipeline {
    const key = keyOf(kernel);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.device.createComputePipeline(this.#descriptor(kernel));
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /**
   * Compiles those of some kernels that are not compiled yet, side by side. One that the device refuses is left to `get`, whose
   * error the device reports as that of any other command.
   * @returns whether it refused none
   */
  async compile(kernels: readonly Kernel[]): Promise<boolean> {
    const compiled = await Promise.all(kernels.map((kernel) => this.#compile(kernel)));
    return compiled.every((one) => one);
  }

  #compile(kernel: Kernel): Promise<boolean> | true {
    const key = keyOf(kernel);
    if (this.#pipelines.has(key)) return true;
    const known = this.#compiling.get(key);
    if (known) return known;
    const compiling = this.device
      .createComputePipelineAsync(this.#descriptor(kernel))
      .then(
        (pipeline) => {
          // It may have been needed meanwhile.
          if (!this.#pipelines.has(key)) this.#pipelines.set(key, pipeline);
          return true;
        },
        () => false,
      )
      .finally(() => this.#compiling.delete(key));
    this.#compiling.set(key, compiling);
    return compiling;
  }

  #descriptor({ shader, entry, constants = {}, sizes = {} }: Kernel): GPUComputePipelineDescriptor {
    const module = this.#module(shader, sizes);
    return { label: `${shader.name}.${entry}`, layout: "auto", compute: { module, entryPoint: entry, constants } };
  }

  #module(shader: Shader, sizes: NonNullable<Kernel["sizes"]>): GPUShaderModule {
    const key = moduleKeyOf(shader, sizes);
    let module = this.#modules.get(key);
    if (!module) {
      module = this.device.createShaderModule({ label: `${shader.name}.wgsl`, code: shader.text(sizes, this) });
      this.#modules.set(key, module);
    }
    return module;
  }
}

const moduleKeyOf = (shader: Shader, sizes: NonNullable<Kernel["sizes"]>): string =>
  `${shader.name} ${JSON.stringify(sizes)}`;

const keyOf = ({ shader, entry, constants = {}, sizes = {} }: Kernel): string =>
  `${moduleKeyOf(shader, sizes)} ${entry} ${JSON.stringify(constants)}`;
