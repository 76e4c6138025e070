import source from "../../shaders/attention_backward.wgsl" with { type: "text" };
import type { Dispatch } from "../gpu/dispatch.ts";
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tensor } from "../gpu/tensor.ts";
import {
  type AttentionCall,
  laneKernels,
  pairsPerGroup,
  suitsTiles,
  tileSizes,
  unsharedKernel,
} from "./attention_forward.ts";
import { cacheTensors } from "./cache_kernels.ts";

const shader = new Shader("attention_backward", source);

/** Keys, or (row, head) pairs of a key head, in a workgroup of attention_backward.wgsl. */
const owned = 64;

/** Whether gradients are computed in tiles: that takes nine storage buffers, two more than the other kernels. */
export const canTileBackward = ({ tape, D }: Pick<AttentionCall, "tape" | "D">): boolean =>
  suitsTiles(tape, D) && tape.gpu.device.limits.maxStorageBuffersPerShaderStage >= 9;

/** What the backward pass reads: outputs of the forward pass, and u32 (S, 4) `keySpans`. */
type Saved = Record<"out" | "stats" | "keySpans", Tensor>;

/** Records the gradients of q, k and v. @param tiled  whether in tiles */
export function backpropAttention(call: AttentionCall, { out, stats, keySpans }: Saved, tiled: boolean): void {
  const { tape, q, k, v, querySpans, params } = call;
  const dout = tape.gradient(out);
  tape.plan.dispatch({
    ...laneKernels(call),
    entry: "project",
    tensors: { dout, out, stats },
    params,
    groups: grid(params.N * params.H, 64),
  });
  const tensors = { q, ...cacheTensors(k, v), query_spans: querySpans, key_spans: keySpans, dout, stats };
  if (tiled) backpropInTiles(call, tensors);
  else backpropInLanes(call, tensors);
}

function backpropInLanes(call: AttentionCall, tensors: Record<string, Tensor>): void {
  const { tape, q, k, v, params } = call;
  const { N, S, H, K } = params;
  for (const [name, input, count, heads] of [
    ["q", q, N, H],
    ["k", k, S, K],
    ["v", v, S, K],
  ] as const) {
    const into = tape.into(input);
    if (into)
      tape.plan.dispatch({
        ...laneKernels(call),
        entry: `backprop_${name}`,
        tensors: { ...tensors, [`d${name}`]: into.d },
        params,
        groups: grid(count * heads, pairsPerGroup),
        constants: into.constants,
        ...unsharedKernel(call, { entry: `backprop_${name}`, count, heads }),
      });
  }
}

function backpropInTiles({ tape, q, k, v, params, D }: AttentionCall, tensors: Record<string, Tensor>): void {
  const { N, S, H, K } = params;
  const dispatch = (own: Pick<Dispatch, "entry" | "groups" | "constants" | "tensors">) =>
    tape.plan.dispatch({ shader, params, sizes: tileSizes(D), ...own, tensors: { ...tensors, ...own.tensors } });
  const [intoQ, intoK, intoV] = [tape.into(q), tape.into(k), tape.into(v)];
  const G = H / K;
  if (intoQ)
    dispatch({
      entry: "backprop_q",
      tensors: { dq: intoQ.d },
      groups: [Math.ceil((N * G) / owned), K],
      constants: intoQ.constants,
    });
  if (!intoK && !intoV) return;
  const backpropKeys = (dk: Tensor, dv: Tensor, constants: { ADD: 0 | 1; ADD_V: 0 | 1 }) =>
    dispatch({ entry: "backprop_kv", tensors: { dk, dv }, groups: [Math.ceil(S / owned), K, G], constants });
  if (G === 1 && intoK && intoV) {
    backpropKeys(intoK.d, intoV.d, { ADD: intoK.constants.ADD, ADD_V: intoV.constants.ADD });
    return;
  }
  // Each of the G heads that read a key head writes partial sums, also where only one of k and v has a gradient.
  tape.scratch("attention.dk", [G, S, K, D], (dk) =>
    tape.scratch("attention.dv", [G, S, K, D], (dv) => {
      backpropKeys(dk, dv, { ADD: 0, ADD_V: 0 });
      for (const [parts, into] of [
        [dk, intoK],
        [dv, intoV],
      ] as const)
        if (into)
          dispatch({
            entry: "sum_parts",
            tensors: { parts, dk: into.d },
            groups: grid((S * K * D) / 4, 64),
            constants: into.constants,
          });
    }),
  );
}
