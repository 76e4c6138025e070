import { matrixFeatures } from "../../../gpu/matrix_units.ts";
import { Shader } from "../../../gpu/shader.ts";
import { decodeSizes, elementParts, tileSizes } from "../../../ops/attention_forward.ts";
import { narrowBackwardSizes, narrowForwardSizes } from "../../../ops/attention_narrow.ts";
import { cacheParts } from "../../../ops/cache_kernels.ts";
import { decodeConstants } from "../../../ops/decode.ts";
import { matrixDirectives, matrixSizes, matrixTiles } from "../../../ops/product_matrix.ts";
import { smallSizes, smallTile } from "../../../ops/small_tiles.ts";
import { thinSizes, withNorm } from "../../../ops/thin_sizes.ts";
import { chunkParts, weightParts } from "../../../ops/weight_kernels.ts";

/** One kernel as a compiler took it; `error` is null where it did. */
export interface CompiledKernel {
  /** Entry point, sizes and constants, e.g. "rmsnorm.backprop_weight ADD=1". */
  label: string;
  error: string | null;
}

/** Shaders whose text depends on sizes, in those of heads of 32 (the shipped models) and of 128 (Qwen's). */
const sizesOf: Record<string, Record<string, number>[]> = {
  attention: [
    { ELEMENTS: 8, WIDTH: 4 },
    { ELEMENTS: 32, WIDTH: 4 },
  ],
  attention_unshared: [
    { ELEMENTS: 8, BLOCK: 2 },
    { ELEMENTS: 32, BLOCK: 1 },
  ],
  attention_backward: [32, 80, 128, 256].map(tileSizes),
  attention_backward_narrow: [narrowBackwardSizes],
  attention_decode: [decodeSizes(32, 2), decodeSizes(80, 4), decodeSizes(128, 8), decodeSizes(128, 7)],
  attention_forward: [32, 80, 128, 256].map(tileSizes),
  attention_forward_narrow: [narrowForwardSizes],
  decode: [
    // The shipped models, and one with biases.
    decodeConstants({ layers: 4, C: 128, H: 4, K: 2, D: 32, F: 256, V: 480, headNorm: true, bias: false, tied: true }),
    decodeConstants({ layers: 6, C: 192, H: 6, K: 2, D: 32, F: 512, V: 496, headNorm: true, bias: false, tied: true }),
    decodeConstants(
      { layers: 2, C: 64, H: 4, K: 2, D: 16, F: 128, V: 112, headNorm: false, bias: true, tied: false },
      2,
    ),
  ],
  product_matrix: Object.values(matrixTiles).flatMap((tile) =>
    // As on NVIDIA's cards and on Apple's.
    ([16, 8] as const).map((side) => matrixSizes({ side, lanes: 32 }, tile)),
  ),
  product_small: [smallSizes(smallTile)],
  product_thin: [
    ...[1, 2, 4, 8, 16].map((N) => thinSizes(N, 2048, 2048, { vec4s: 1, scaled: false })),
    ...[1, 16].map((N) => withNorm(thinSizes(N, 256, 128, { vec4s: 1, scaled: false }))),
    ...[1, 8].map((N) => thinSizes(N, 16, 2048, { vec4s: 1, scaled: false })),
    ...[1, 16].map((N) => thinSizes(N, 2048, 2048, { vec4s: 8, scaled: true })),
  ],
};

const { f32, ...packed } = weightParts;
const ofWeights = { "": f32, ...packed };
const { f32: f32Chunks, ...packedChunks } = chunkParts;
const ofChunks = { "": f32Chunks!, ...packedChunks };
const ofCaches = { "": cacheParts.f32, bf16: cacheParts.bf16 };
const ofElements = Object.entries(elementParts).flatMap(([elements, part]) =>
  Object.entries(ofCaches).map(([dtype, read]) => [[elements, dtype].filter(Boolean).join("_"), `${read}\n${part}`]),
);

/** What is joined to shaders that come in variants, by the end of the variant's name. */
const partsOf: Record<string, Record<string, string>> = {
  attention: Object.fromEntries(ofElements),
  attention_decode: ofCaches,
  attention_forward: ofCaches,
  attention_forward_narrow: ofCaches,
  attention_unshared: ofCaches,
  gather_vec4: ofWeights,
  product: ofWeights,
  product_matrix: ofWeights,
  product_small: ofWeights,
  product_thin: ofChunks,
  product_wide: ofWeights,
  weight_range: ofWeights,
};

/** Files of shaders/shared that are appended to a shader's own. */
const sharedOf: Readonly<Record<string, readonly string[]>> = {
  attention: ["spans"],
  attention_backward: ["spans"],
  attention_backward_narrow: ["spans"],
  attention_decode: ["spans"],
  attention_forward: ["spans"],
  attention_forward_narrow: ["spans"],
  attention_map: ["spans"],
  attention_unshared: ["spans"],
  decode: ["decode_attention", "decode_sampling", "spans", "conversation"],
  heads: ["sum_lanes"],
  layernorm: ["sum_lanes"],
  rmsnorm: ["sum_lanes"],
  product: ["product_adapter", "product_ends"],
  product_small: ["product_ends"],
  product_wide: ["product_adapter"],
  sample: ["conversation"],
  scene: ["double"],
};

/** What stands before files that only some devices take, and which are left out on others. */
const directivesOf: Readonly<Record<string, string>> = { product_matrix: matrixDirectives };

/** What Gpu asks a device for. */
const maxStorageBuffers = 10;
/** What kernels in tiles need; a device that offers less does without them. */
const workgroupBytes = 32_768;

const shadersFolder = new URL("../../../../shaders/", import.meta.url);

/**
 * Compiles every entry point of every shader. The first variant of a file takes all its sizes, those for other dtypes, which
 * differ in how a number is read, the first and the last; constants are at 1, and at their defaults too once for each file.
 * Runs nothing.
 */
export async function* compileKernels(gpu: GPU): AsyncGenerator<CompiledKernel> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("Expected an adapter to compile for, found none");
  const storageBuffers = Math.min(adapter.limits.maxStorageBuffersPerShaderStage, maxStorageBuffers);
  const maxComputeWorkgroupStorageSize = Math.min(adapter.limits.maxComputeWorkgroupStorageSize, workgroupBytes);
  const hasMatrices = matrixFeatures.every((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({
    // Chrome's own names are not in the types.
    requiredFeatures: (hasMatrices ? [...matrixFeatures] : []) as string[] as GPUFeatureName[],
    requiredLimits: { maxStorageBuffersPerShaderStage: storageBuffers, maxComputeWorkgroupStorageSize },
  });
  // Dawn without a driver offers half of it.
  const isTooLittle = (message: string) =>
    maxComputeWorkgroupStorageSize < workgroupBytes && message.includes("total use of workgroup storage");
  // There it has subgroups of any size too, and takes the largest for what a workgroup must be a multiple of.
  const isOfSubgroups = (message: string) => message.includes("must be a multiple of the device maxSubgroupSize (128)");
  const seen = new Set<string>();
  try {
    for await (const { file, shader } of shaders()) {
      const { name } = shader;
      if (shader.directives !== "" && !hasMatrices) continue;
      const all = sizesOf[file] ?? [{}];
      for (const sizes of seen.has(file) ? new Set([all[0]!, all.at(-1)!]) : all) {
        device.pushErrorScope("validation");
        const module = device.createShaderModule({ label: `${name}.wgsl`, code: shader.text(sizes) });
        const refused = await device.popErrorScope();
        if (refused) {
          yield { label: labelOf(name, sizes), error: refused.message };
          continue;
        }
        const isFirst = !seen.has(file);
        seen.add(file);
        for (const entry of shader.entries) {
          const used = [...shader.uses(entry)].filter(
            (binding) => shader.bindings.get(binding)!.kind !== "uniform",
          ).length;
          if (used > maxStorageBuffers)
            yield {
              label: labelOf(`${name}.${entry}`, sizes),
              error: `uses ${used} storage buffers, of ${maxStorageBuffers} that Gpu asks for`,
            };
          // Dawn without a driver offers 8 only; the module has been compiled, which is what it is there for.
          if (used > storageBuffers) continue;
          for (const constants of constantsOf(shader, isFirst)) {
            device.pushErrorScope("validation");
            device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: entry, constants } });
            const error = await device.popErrorScope();
            yield {
              label: labelOf(`${name}.${entry}`, { ...sizes, ...constants }),
              error: error && !isTooLittle(error.message) && !isOfSubgroups(error.message) ? error.message : null,
            };
          }
        }
      }
    }
  } finally {
    device.destroy();
  }
}

/** Every file with what makes it whole. */
async function* shaders(): AsyncGenerator<{ file: string; shader: Shader }> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(shadersFolder))
    if (name.endsWith(".wgsl") && name !== "common.wgsl") files.push(name.slice(0, -".wgsl".length));
  for (const file of files.sort()) {
    const names = [file, ...(sharedOf[file] ?? []).map((shared) => `shared/${shared}`)];
    const texts = names.map((name) => Deno.readTextFile(new URL(`${name}.wgsl`, shadersFolder)));
    const source = (await Promise.all(texts)).join("\n");
    for (const [end, part] of Object.entries(partsOf[file] ?? { "": "" }))
      yield { file, shader: new Shader(end === "" ? file : `${file}_${end}`, source, part, directivesOf[file]) };
  }
}

/** All constants on that switch something off, so that each of their branches is compiled; and all off where asked for. */
function constantsOf(shader: Shader, isAlsoOff: boolean): Record<string, number>[] {
  const names = [...`${shader.source}\n${shader.part}`.matchAll(/^override (\w+): u32 = 0u/gm)].map(([, name]) => name);
  const on = Object.fromEntries(names.map((name) => [name, 1]));
  return names.length > 0 && isAlsoOff ? [{}, on] : [on];
}

const labelOf = (name: string, values: Record<string, number>): string =>
  [name, ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join(" ");
