import source from "../../shaders/product_matrix.wgsl" with { type: "text" };
import halvesSource from "../../shaders/product_matrix_halves.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { grid } from "../gpu/grid.ts";
import type { MatrixUnits } from "../gpu/matrix_units.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";
import { fromColumn, rowRanges, weightConstants, weightShaders, weightTensors } from "./weight_kernels.ts";

/** What Tint wants to be told; that subgroups agree about where a matrix lies is more than it can see. */
export const matrixDirectives =
  "enable f16; enable subgroups; enable chromium_experimental_subgroup_matrix; diagnostic(off, chromium.subgroup_matrix_uniformity); ";

const shaderFor = weightShaders("product_matrix", source, matrixDirectives);
const halves = new Shader("product_matrix_halves", halvesSource);

/** Subgroups of a workgroup and matrices of a subgroup, down and across. */
export interface MatrixTile {
  down: number;
  across: number;
  high: number;
  wide: number;
}

/** Tiles to choose from, by their size with matrices of 16 x 16. A result does not depend on which it is. */
export const matrixTiles = {
  "128x128": { down: 2, across: 2, high: 4, wide: 4 },
  "128x64": { down: 2, across: 2, high: 4, wide: 2 },
  "64x64": { down: 2, across: 2, high: 2, wide: 2 },
} as const satisfies Record<string, MatrixTile>;
export type MatrixTileName = keyof typeof matrixTiles;

/** Those that a device's products are made in, large ones first; compilers of software adapters take minutes for these. */
export const tilesFor = ({ software }: Gpu): readonly MatrixTileName[] =>
  software ? ["64x64"] : ["128x128", "128x64"];

/** Large tiles from so many of them on, which then fill a card. */
const busyTiles = 200;

/** Numbers along the sum in a tile. */
const depth = 32;

/** The shader's sizes on a device. */
export function matrixSizes({ side, lanes }: MatrixUnits, { down, across, high, wide }: MatrixTile) {
  const threads = down * across * lanes;
  // Each thread brings eight numbers at a time.
  const loads = (extent: number) => (extent * side * depth) / 8 / threads;
  return {
    SIDE: side,
    LANES: lanes,
    DOWN: down,
    ACROSS: across,
    HIGH: high,
    WIDE: wide,
    HIGH_WIDE: high * wide,
    STEPS: depth / side,
    LEFT_LOADS: loads(down * high),
    RIGHT_LOADS: loads(across * wide),
  };
}

interface Extras {
  bias?: Tensor | null;
  residual?: Tensor;
  first?: number;
  tile?: MatrixTileName;
}

/**
 * out (N, O) = x (N, I) times the O rows of the weight from `first` on, transposed, on matrix units.
 *
 * @throws TypeError where the device was opened without them
 */
export function multiplyOnMatrixUnits(
  plan: Plan,
  x: Tensor,
  weight: Tensor,
  out: Tensor,
  { bias, residual, first = 0, tile }: Extras = {},
): void {
  const [N, O] = out.shape as [number, number];
  const I = weight.shape[1]!;
  const left = halvesOf(plan, x);
  for (const range of rowRanges(plan.gpu, weight, first, O, bias))
    plan.dispatch({
      shader: shaderFor(weight),
      entry: "multiply",
      tensors: {
        ...left,
        ...weightTensors(range.weight),
        bias4: range.bias ?? x,
        residual4: residual ? fromColumn(residual, range.column) : x,
        out4: fromColumn(out, range.column),
      },
      params: { N, I, O: range.count, first: range.first, stride: O, left_stride: I / 8, left_from: 0 },
      constants: { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0, ...weightConstants(weight) },
      ...layout(plan.gpu, N, range.count, tile),
    });
}

/** dx (N, I) = dout (N, O) times the O rows of the weight from `first` on, on matrix units. @throws TypeError as above */
export function backpropXOnMatrixUnits(
  plan: Plan,
  dout: Tensor,
  weight: Tensor,
  into: Into,
  { first = 0, tile }: Pick<Extras, "first" | "tile"> = {},
): void {
  const [N, O] = dout.shape as [number, number];
  const I = weight.shape[1]!;
  const left = halvesOf(plan, dout);
  for (const range of rowRanges(plan.gpu, weight, first, O))
    plan.dispatch({
      shader: shaderFor(weight),
      entry: "backprop_x",
      tensors: { ...left, ...weightTensors(range.weight), bias4: dout, residual4: dout, out4: into.d },
      params: {
        N,
        I,
        O: range.count,
        first: range.first,
        stride: I,
        left_stride: O / 8,
        left_from: range.column / 8,
      },
      constants: { ...(range.column > 0 ? { ADD: 1 } : into.constants), ...weightConstants(weight) },
      ...layout(plan.gpu, N, I, tile),
    });
}

/** A left factor (N, K) as the kernels read it: rows of halves, each with its scale. */
export function halvesOf(plan: Plan, x: Tensor): { left_halves: Tensor; left_scales: Tensor } {
  const N = x.shape[0]!;
  const I = size(x.shape) / N;
  const left_halves = plan.activation(`halves(${x.name})`, [N, I], "f16");
  const left_scales = plan.activation(`scales(${x.name})`, [N]);
  plan.dispatch({
    shader: halves,
    entry: "round_rows",
    tensors: { x4: x, halves: left_halves, row_scales: left_scales },
    params: { N, I },
    groups: grid(N, 1),
  });
  return { left_halves, left_scales };
}

/** Sizes and workgroups for so many rows and columns. */
function layout(gpu: Gpu, rows: number, columns: number, name?: MatrixTileName) {
  const { matrixUnits } = gpu;
  if (!matrixUnits) throw new TypeError("the device was opened without matrix units");
  const groupsOf = (tile: MatrixTile): [number, number] => [
    Math.ceil(columns / (tile.across * tile.wide * matrixUnits.side)),
    Math.ceil(rows / (tile.down * tile.high * matrixUnits.side)),
  ];
  const inOrder = name ? [name] : tilesFor(gpu);
  const isBusy = (one: MatrixTileName) => {
    const [x, y] = groupsOf(matrixTiles[one]);
    return x * y >= busyTiles;
  };
  const tile = matrixTiles[inOrder.find(isBusy) ?? inOrder.at(-1)!];
  return { sizes: matrixSizes(matrixUnits, tile), groups: groupsOf(tile) };
}
