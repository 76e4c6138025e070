import source from "../../shaders/cache.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("cache", source);

/**
 * Writes new keys and values into a cache. No gradient: training keeps keys and values on its tape.
 *
 * @param k, v  (N, K, D)
 * @param index u32 (N): row of the cache for each
 * @param keys, values (S, K, D)
 */
export function cache(plan: Plan, k: Tensor, v: Tensor, index: Tensor, keys: Tensor, values: Tensor): void {
  const [N, K, D] = k.shape as [number, number, number];
  expectShape(v, N, K, D);
  expectShape(index, N);
  expectShape(keys, -1, K, D);
  expectShape(values, keys.shape[0]!, K, D);
  plan.dispatch({
    shader,
    entry: "put",
    tensors: { k, v, index, keys, values },
    params: { N, width: K * D },
    groups: grid(N * K * D, 64),
  });
}
