import source from "../../shaders/rope.wgsl" with { type: "text" };
import { grid } from "../gpu/grid.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tape } from "../gpu/tape.ts";
import { expectShape, extents2, lengthOf, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("rope", source);

/**
 * Rotary position embedding of pairs (i, i + D/2): the cos and sin for pair i of row n, those of positions[axis[i], n].
 * Computed once for all layers of a pass; `heads` applies them.
 *
 * @param positions  u32 (A, N), each below the table's length, which the kernel cannot check (model/positions.ts does)
 * @param table      (positions, D/2, 2), from `ropeTable`
 * @param axis       u32 (D/2), each below A
 * @returns          (N, D/2, 2)
 */
export function rotationsOf(tape: Tape, positions: Tensor, table: Tensor, axis: Tensor): Tensor {
  const half = lengthOf(axis);
  const [, N] = extents2(positions);
  expectShape(table, -1, half, 2);
  const rotations = tape.empty("rope.rotations", [N, half, 2]);
  tape.plan.dispatch({
    shader,
    entry: "look_up",
    tensors: { positions, table, axis, rotations },
    params: { N, half },
    groups: grid(N * half, 64),
  });
  return rotations;
}

/** 1 / theta^(2i/D) for i below D/2, rounded to float32 after each step, as PyTorch does. */
export function inverseFrequencies(D: number, theta: number): Float32Array {
  return Float32Array.from({ length: D / 2 }, (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / D)));
}

/**
 * cos and sin of position times frequency, for positions 0 to `positions` - 1. The angle is rounded to float32 first,
 * as in the reference: far from 0 that changes it by more than the rounding of cos and sin.
 *
 * @param inverseFrequencies  (D/2)
 * @returns                   (positions, D/2, 2)
 */
export function ropeTable(positions: number, inverseFrequencies: ArrayLike<number>): Float32Array {
  const half = inverseFrequencies.length;
  const table = new Float32Array(positions * half * 2);
  for (let position = 0; position < positions; position++)
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * Math.fround(inverseFrequencies[i] ?? 0));
      const at = (position * half + i) * 2;
      table[at] = Math.cos(angle);
      table[at + 1] = Math.sin(angle);
    }
  return table;
}
