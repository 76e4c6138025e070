import bf16 from "../../shaders/cache/bf16.wgsl" with { type: "text" };
import f32 from "../../shaders/cache/f32.wgsl" with { type: "text" };
import { Shader } from "../gpu/shader.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** Dtypes of keys and values in a cache. */
export type CacheDtype = "f32" | "bf16";

/** WGSL that reads keys and values of a dtype, appended to the files of kernels that do. */
export const cacheParts: Readonly<Record<CacheDtype, string>> = { f32, bf16 };

/** A file that reads keys and values, as one shader for each dtype. @param part  other WGSL to append */
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

/** The bindings of keys and values in such a shader. */
export const cacheTensors = (k: Tensor, v: Tensor): Record<"k" | "v" | "k_scalar" | "v_scalar", Tensor> => ({
  k,
  v,
  k_scalar: k,
  v_scalar: v,
});
