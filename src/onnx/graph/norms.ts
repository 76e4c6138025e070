import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./graph.ts";

/**
 * x / sqrt(mean(x²) + eps) · weight over the last axis, of x in three axes. One operator: onnxruntime has it with a sum before
 * it, and the norm of x + x with four times the epsilon is that of x, to the bit. Written with ONNX's own it is six, which are
 * not made one on WebGPU; the name that onnxruntime has for it alone is none that ONNX's checker knows.
 */
export const rmsNorm = (b: GraphBuilder, x: Value, weight: Value, eps: number): Value =>
  addThenRmsNorm(b, { x, residual: x, weight, eps: 4 * eps }).normed;

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
