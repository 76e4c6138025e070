import source from "../../shaders/product_matrix.wgsl" with { type: "text" };
import halvesSource from "../../shaders/product_matrix_halves.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/gpu.ts";
import { grid } from "../gpu/grid.ts";
import type { MatrixUnits } from "../gpu/matrix_units.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import { extents2, size, type Tensor } from "../gpu/tensor.ts";
import type { Product, ProductGradient } from "./dense_product.ts";
import { fromColumn, rowRanges, weightConstants, weightShaders, weightTensors } from "./weight_kernels.ts";

/** Directives for Tint. Its uniformity analysis cannot prove that the threads of a subgroup address the same matrix. */
export const matrixDirectives =
  "enable f16; enable subgroups; enable chromium_experimental_subgroup_matrix; diagnostic(off, chromium.subgroup_matrix_uniformity); ";

const shaderFor = weightShaders("product_matrix", source, matrixDirectives);
const halves = new Shader("product_matrix_halves", halvesSource);

/** Subgroups in a workgroup (down, across), and matrices in a subgroup (high, wide). */
export interface MatrixTile {
  down: number;
  across: number;
  high: number;
  wide: number;
}

/** Tiles to choose from, named by their size with matrices of 16 x 16. Results do not depend on the choice. */
export const matrixTiles = {
  "128x128": { down: 2, across: 2, high: 4, wide: 4 },
  "128x64": { down: 2, across: 2, high: 4, wide: 2 },
  "64x64": { down: 2, across: 2, high: 2, wide: 2 },
} as const satisfies Record<string, MatrixTile>;
export type MatrixTileName = keyof typeof matrixTiles;

/** The tiles that a device uses, large ones first; a software adapter would compile these for minutes. */
export const tilesFor = ({ software }: Gpu): readonly MatrixTileName[] =>
  software ? ["64x64"] : ["128x128", "128x64"];

/** Large tiles are used from this many of them on, which then fill a card. */
const busyTiles = 200;

/** Length of a tile along the sum. */
const depth = 32;

/** Constants of the shader for a device and a tile. */
export function matrixSizes({ side, lanes }: MatrixUnits, { down, across, high, wide }: MatrixTile) {
  const threads = down * across * lanes;
  // A thread loads eight numbers at a time.
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

/**
 * The product on matrix units.
 *
 * @param tile  the one that suits the sizes unless given
 * @throws TypeError where the device was opened without matrix units
 */
export function multiplyOnMatrixUnits(
  plan: Plan,
  { x, weight, out, bias, residual, first = 0 }: Product,
  tile?: MatrixTileName,
): void {
  const [N, O] = extents2(out);
  const [, I] = extents2(weight);
  const left = halvesOf(plan, x);
  for (const range of rowRanges(plan.gpu, { weight, first, count: O, bias }))
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

/** dx (N, I) = dout (N, O) times O rows of the weight, on matrix units. @throws TypeError as above */
export function backpropXOnMatrixUnits(
  plan: Plan,
  { dout, weight, into, first = 0 }: ProductGradient,
  tile?: MatrixTileName,
): void {
  const [N, O] = extents2(dout);
  const [, I] = extents2(weight);
  const left = halvesOf(plan, dout);
  for (const range of rowRanges(plan.gpu, { weight, first, count: O }))
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

/** A left factor (N, K) as the kernels read it: rows in f16, each with a scale. */
export function halvesOf(plan: Plan, x: Tensor): { left_halves: Tensor; left_scales: Tensor } {
  const [N = 1] = x.shape;
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

/** Shader constants and workgroups for a result of this size. */
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
  const tile = matrixTiles[inOrder.find(isBusy) ?? inOrder.at(-1) ?? "64x64"];
  return { sizes: matrixSizes(matrixUnits, tile), groups: groupsOf(tile) };
}
