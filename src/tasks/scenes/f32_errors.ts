import type { Scene } from "./scene.ts";

/*
 * How far shaders/scene.wgsl, in f32, may be off from render.ts, which computes in doubles and rounds to f32 after each step.
 * A byte that may differ under these bounds is computed again in doubles, so that they may be too large, never too small.
 *
 * The distance between two f32 is at most `epsilon` times the smaller one. WGSL lets +, - and * round to either of the two f32
 * around their result: off by at most one such distance. Doubles that the shader rounds to f32, and what render.ts
 * rounds, are off by half of one. Terms of second order, and what doubles lose, are less than a hundredth of the bounds: `slack`.
 */

const epsilon = 2 ** -23;
const slack = 1.01;

/** Distance between two f32 of at most this size. */
const unit = (most: number): number => epsilon * 2 ** Math.floor(Math.log2(most));

export interface F32Errors {
  /** Of the ground, in levels, besides what grows with the sums of waves at a pixel. */
  ground: number;
  /** In levels: of a step of painting, besides what grows with the distance of the levels and the error of the share. */
  step: number;
  /** Of the share of a pixel that a bar covers. */
  bar: number;
  /** Of the distance of a pixel from the rim of a shape, in px, for the rounded centre of the shape. */
  centre: number;
}

export function f32Errors({ sidePx, base, waves, bars, objects }: Scene): F32Errors {
  const amplitudes = waves.reduce((sum, { amplitude }) => sum + Math.abs(amplitude), 0);
  const levels = [...bars, ...objects].flatMap((one) => one.levels).concat(objects.map(({ ink }) => ink));
  // No level is larger, before it is clipped: painting moves a level towards another one. 0.5 for what it is off by.
  const largest = Math.max(amplitudes + Math.max(...base.map(Math.abs)), ...levels.map(Math.abs)) + 0.5;
  const step = 2 * unit(largest);
  const places = objects.flatMap(({ xPx, yPx }) => [Math.abs(xPx), Math.abs(yPx)]);
  return {
    // A wave's term is c C - s S with numbers of its row, c and s, and of a column, C and S. c and s are rounded (1/2), then
    // each product (1): 3/2 epsilon (|c C| + |s S|), which is at most 3/2 epsilon amplitude; their difference (1). The sum
    // with what was before is rounded (1), also in render.ts (1/2): the shader adds this 3/2 epsilon |sum|.
    // Then the base is rounded (1/2), the sum with it (1), and the same in render.ts (1/2): 2 units, as in a step.
    ground: slack * (2.5 * epsilon * amplitudes + step),
    // New levels are rounded (1/2), the sum with the old ones (1), and the same in render.ts (1/2). The shader adds
    // 2 epsilon times the distance of the levels for this distance and its product with the share.
    // Where all of a pixel is covered both are the new level, rounded (1/2 each).
    step: slack * step,
    // Two edges in each direction that are rounded (1/2 each; those outside of the scene stay outside), the length between
    // them (1), the product of both directions (1). Lengths and products are at most 1.
    bar: slack * (4 * (unit(below(sidePx)) / 2) + 3 * epsilon),
    // The rounded centre (1/2) moves the rim by at most 3/2 of its own move along each axis: sqrt(2) for a circle, 2 / sqrt(2)
    // for a diamond, 3/2 * .8944 for a triangle. The rest grows with the shape's size, and is in the shader.
    centre: slack * 1.5 * (unit(Math.max(below(sidePx), ...places)) / 2),
  };
}

/** Something between the largest f32 below a whole number and that number. */
const below = (whole: number): number => whole - 0.1;
