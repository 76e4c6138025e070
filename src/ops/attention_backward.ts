import source from "../../shaders/attention_backward.wgsl" with { type: "text" };
import narrowSource from "../../shaders/attention_backward_narrow.wgsl" with { type: "text" };
import spans from "../../shaders/shared/spans.wgsl" with { type: "text" };
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
import { narrowBackwardSizes, narrowHead } from "./attention_narrow.ts";
import { cacheTensors } from "./cache_kernels.ts";

const shader = new Shader("attention_backward", source, spans);
const narrow = new Shader("attention_backward_narrow", narrowSource, spans);

/** Keys, or (row, head) pairs of a key head, in a workgroup of attention_backward.wgsl. */
const ownedByTile = 64;

/** Whether gradients are computed in tiles: that takes nine storage buffers, two more than the other kernels. */
const canTileBackward = ({ tape, D }: Pick<AttentionCall, "tape" | "D">): boolean =>
  suitsTiles(tape, D) && tape.gpu.device.limits.maxStorageBuffersPerShaderStage >= 9;

/** What the backward pass reads: outputs of the forward pass, and u32 (S, 4) `keySpans`. */
type Saved = Record<"out" | "stats" | "keySpans", Tensor>;

/**
 * Kernels of the gradients: without tiles, or in tiles with a dispatch for q and one for k and v, or one for all; for narrow heads one
 * where the device has ten storage buffers.
 */
export type BackwardKernel = "lanes" | "tiles" | "one" | "narrow";

const canBeOne = ({ tape }: Pick<AttentionCall, "tape">): boolean =>
  tape.gpu.device.limits.maxStorageBuffersPerShaderStage >= 10;

/** The kernels for device and sizes; those in tiles bind nine storage buffers, ten in one dispatch. */
export function backwardKernelFor(call: Pick<AttentionCall, "tape" | "D">): BackwardKernel {
  if (!canTileBackward(call)) return "lanes";
  if (call.D === narrowHead) return "narrow";
  return canBeOne(call) ? "one" : "tiles";
}

/** Records the gradients of q, k and v. */
export function backpropAttention(
  call: AttentionCall,
  { out, stats, keySpans }: Saved,
  kernel = backwardKernelFor(call),
): void {
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
  if (kernel === "lanes") backpropInLanes(call, tensors);
  else backpropInTiles(call, tensors, kernel);
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

function backpropInTiles(
  call: AttentionCall,
  tensors: Record<string, Tensor>,
  kernel: Exclude<BackwardKernel, "lanes">,
): void {
  const { tape, q, k, v, params, D } = call;
  const { N, S, H, K } = params;
  const isNarrow = kernel === "narrow";
  const inOne = isNarrow ? canBeOne(call) : kernel === "one";
  const ofTiles = isNarrow ? narrow : shader;
  const sizes = isNarrow ? narrowBackwardSizes : tileSizes(D);
  const owned = isNarrow ? narrowBackwardSizes.OWN : ownedByTile;
  const dispatch = (own: Pick<Dispatch, "entry" | "groups" | "constants" | "tensors">) =>
    tape.plan.dispatch({ shader: ofTiles, params, sizes, ...own, tensors: { ...tensors, ...own.tensors } });
  const dispatchSum = (own: Pick<Dispatch, "entry" | "groups" | "constants" | "tensors">) =>
    tape.plan.dispatch({ shader, params, sizes: tileSizes(D), ...own });
  const G = H / K;
  const intoQ = tape.into(q);
  // With several heads to a key head, k and v may take their sums in parts.
  const [partsOfK, partsOfV] = (G > 1 && tape.intoParts([k, v], G)) || [];
  const [intoK, intoV] = partsOfK ? [null, null] : [tape.into(k), tape.into(v)];
  const groupsOf = { q: Math.ceil((N * G) / owned), keys: Math.ceil(S / owned) };
  const ADD_Q = intoQ?.constants.ADD ?? 0;
  const ofQueries = { entry: "backprop_q", groups: [groupsOf.q, K] as const, constants: { ADD_Q } };
  if (!intoK && !intoV && !partsOfK) {
    if (intoQ) dispatch({ ...ofQueries, tensors: { dq: intoQ.d } });
    return;
  }
  const backpropBoth = (dk: Tensor, dv: Tensor, constants: { ADD: 0 | 1; ADD_V: 0 | 1 }) => {
    if (intoQ && inOne) {
      const groups = grid(groupsOf.q * K + groupsOf.keys * H, 1);
      dispatch({ entry: "backprop", tensors: { dq: intoQ.d, dk, dv }, groups, constants: { ...constants, ADD_Q } });
      return;
    }
    if (intoQ) dispatch({ ...ofQueries, tensors: { dq: intoQ.d } });
    dispatch({ entry: "backprop_kv", tensors: { dk, dv }, groups: [groupsOf.keys, K, G], constants });
  };
  if (partsOfK && partsOfV) {
    backpropBoth(partsOfK, partsOfV, { ADD: 0, ADD_V: 0 });
    return;
  }
  if (G === 1 && intoK && intoV) {
    backpropBoth(intoK.d, intoV.d, { ADD: intoK.constants.ADD, ADD_V: intoV.constants.ADD });
    return;
  }
  // Each of the G heads that read a key head writes partial sums, also where only one of k and v has a gradient.
  tape.scratch("attention.dk", [G, S, K, D], (parts) =>
    tape.scratch("attention.dv", [G, S, K, D], (value_parts) => {
      backpropBoth(parts, value_parts, { ADD: 0, ADD_V: 0 });
      const vec4s = (S * K * D) / 4;
      if (intoK && intoV) {
        dispatchSum({
          entry: "sum_all_parts",
          tensors: { parts, value_parts, dk: intoK.d, dv: intoV.d },
          groups: grid(2 * vec4s, 64),
          constants: { ADD: intoK.constants.ADD, ADD_V: intoV.constants.ADD },
        });
        return;
      }
      const into = (intoK ?? intoV)!;
      dispatchSum({
        entry: "sum_parts",
        tensors: { parts: intoK ? parts : value_parts, dk: into.d },
        groups: grid(vec4s, 64),
        constants: into.constants,
      });
    }),
  );
}
