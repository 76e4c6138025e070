import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./graph.ts";

/**
 * x / sqrt(mean(x²) + eps) · weight over the last axis. Six operators of ONNX, which onnxruntime makes one of when it opens
 * the graph: its own name for it is not one that ONNX knows.
 */
export function rmsNorm(b: GraphBuilder, x: Value, weight: Value, eps: number): Value {
  // In float32 where the graph computes in less, as in transformers: squares of a wide row do not fit float16.
  const wide = b.inFloat32(x);
  const square = b.op("Pow", [wide, b.float32(Float32Array.of(2), [])]);
  const mean = b.op("ReduceMean", [square, b.ints([-1])], { keepdims: { int: 1 } });
  const root = b.op("Sqrt", [b.op("Add", [mean, b.float32(Float32Array.of(eps), [])])]);
  return b.op("Mul", [b.inNumbers(b.op("Div", [wide, root])), weight]);
}

/** The norm of `x + residual`, and that sum. (B, T, C) each */
export function addThenRmsNorm(
  b: GraphBuilder,
  { x, residual, weight, eps }: { x: Value; residual: Value; weight: Value; eps: number },
): { normed: Value; sum: Value } {
  const outputs = b.microsoft("SkipSimplifiedLayerNormalization", [x, residual, weight], { epsilon: { float: eps } }, [
    true,
    false,
    false,
    true,
  ]);
  return { normed: outputs[0]!, sum: outputs[3]! };
}

/** The same with mean and bias. */
export function addThenLayerNorm(
  b: GraphBuilder,
  { x, residual, weight, bias, eps }: { x: Value; residual: Value; weight: Value; bias: Value; eps: number },
): { normed: Value; sum: Value } {
  const outputs = b.microsoft("SkipLayerNormalization", [x, residual, weight, bias], { epsilon: { float: eps } }, [
    true,
    false,
    false,
    true,
  ]);
  return { normed: outputs[0]!, sum: outputs[3]! };
}

export const layerNorm = (b: GraphBuilder, x: Value, weight: Value, bias: Value, eps: number): Value =>
  b.op("LayerNormalization", [x, weight, bias], { axis: { int: -1 }, epsilon: { float: eps } });
