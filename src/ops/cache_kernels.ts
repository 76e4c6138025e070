import bf16 from "../../shaders/cache/bf16.wgsl" with { type: "text" };
import f32 from "../../shaders/cache/f32.wgsl" with { type: "text" };
import { Shader } from "../gpu/shader.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** What a cache holds keys and values in. */
export type CacheDtype = "f32" | "bf16";

/** How kernels read keys and values of a dtype: what stands behind such a kernel's file, by the end of its name. */
export const cacheParts: Readonly<Record<CacheDtype, string>> = { f32, bf16 };

/** A file that reads keys and values as one shader for each dtype of theirs. @param part  what else it leaves open */
export function cacheShaders(name: string, source: string, part = ""): (keys: Tensor) => Shader {
  const shaders = {
    f32: new Shader(name, source, `${f32}\n${part}`),
    bf16: new Shader(`${name}_bf16`, source, `${bf16}\n${part}`),
  };
  return ({ name: keys, dtype }) => {
    if (dtype !== "f32" && dtype !== "bf16")
      throw new TypeError(`${keys} is of ${dtype}, expected keys in f32 or in bf16`);
    return shaders[dtype];
  };
}

/** The tensors that such a shader reads, by the names of its bindings. */
export const cacheTensors = (k: Tensor, v: Tensor): Record<"k" | "v" | "k_scalar" | "v_scalar", Tensor> => ({
  k,
  v,
  k_scalar: k,
  v_scalar: v,
});
