import { expect, test } from "vitest";
import { noIndex } from "../../src/gpu/tensor.ts";
import type { InputImage } from "../../src/model/vision_rows.ts";
import type { Attended } from "../../src/ops/attention_map.ts";
import { attentionMaps } from "../../src/train/attention_maps.ts";
import { inspectPass } from "../../src/train/inspect_pass.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { goldenModel } from "../support/golden.ts";

type Golden = Awaited<ReturnType<typeof goldenModel>>;

/** A prompt with a picture, a turn, a tool's picture, and another turn, as a rollout has them. */
function rollout({ model, images }: Golden): PackedGroup {
  const [large, small] = images as [InputImage, InputImage];
  const { imageTokenId, vision } = model.config;
  const text = (seed: number, count: number) =>
    Array.from({ length: count }, (_, i) => 10 + ((seed * 31 + i * 7) % 80));
  const picture = ({ grid }: InputImage) =>
    new Array<number>((grid.h * grid.w) / vision.spatialMergeSize ** 2).fill(imageTokenId);
  const tokens = [...text(1, 6), ...picture(small), ...text(2, 5)];
  return {
    prefix: { tokens: [...text(3, 4), ...picture(large), ...text(4, 3)], images: [large] },
    sequences: [
      {
        tokens,
        images: [small],
        targets: [0, 3, tokens.length - 1].map((i) => ({ at: i - 1, token: tokens[i]!, weight: 0 })),
      },
    ],
  };
}

/** The softmax of every layer, head and row, (L, H, N, S), from its queries and keys in double precision; its values and outputs. */
async function plainly({ model }: Golden, group: PackedGroup) {
  const layers: Attended[] = [];
  const { plan, packed } = inspectPass(gpu, model, group, (_, attended) => layers.push(attended));
  for (const { q, k, v, out } of layers) for (const tensor of [q, k, v, out]) plan.keep(tensor);
  plan.run();
  const read = await Promise.all(layers.map(({ q, k, v, out }) => gpu.read(q, k, v, out)));
  plan.free();
  const { querySpans } = packed.rows;
  const N = packed.rows.tokens.length;
  const [, H, D] = layers[0]!.q.shape as [number, number, number];
  const [, K] = layers[0]!.k.shape as [number, number, number];
  const probabilities = layers.map(({ scale }, l) => {
    const [q, k] = read[l]!;
    return Array.from({ length: H }, (_, h) =>
      Array.from({ length: N }, (_, n) => {
        const [x, y, z, w] = querySpans.slice(n * 4, n * 4 + 4) as [number, number, number, number];
        const scores = Array.from({ length: N }, (_, j) => {
          if (!((j >= x && j < y) || (j >= z && j < w))) return Number.NEGATIVE_INFINITY;
          let dot = 0;
          for (let i = 0; i < D; i++) dot += q![(n * H + h) * D + i]! * k![(j * K + Math.floor(h / (H / K))) * D + i]!;
          return dot * scale;
        });
        const highest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - highest));
        const sum = powers.reduce((a, b) => a + b, 0);
        return powers.map((power) => power / sum);
      }),
    );
  });
  return { packed, probabilities, read, N, H, D, K };
}

const far = (found: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(found[i]! - value)));

test.each(["qwen25-window", "qwen25-published", "qwen3-deepstack", "qwen3-plain"])(
  "%s: maps are the softmax of the forward pass, sum to 1, and roll out",
  async (name) => {
    const golden = await goldenModel(name);
    const group = rollout(golden);
    const { packed, probabilities, read, N, H, D, K } = await plainly(golden, group);
    const keys = Array.from(packed.rows.imageRows).flatMap((m, j) => (m === noIndex ? [] : [j]));
    for (const target of [0, 1, 2]) {
      const row = packed.targetRows[target]!;
      const maps = await attentionMaps(gpu, golden.model, group, target);
      expect([maps.layers, maps.heads]).toEqual([probabilities.length, H]);
      const tokens = maps.pictures.reduce((sum, { across, down }) => sum + across * down, 0);
      expect(tokens).toBe(keys.length);
      for (const [l, heads] of probabilities.entries())
        for (const [h, rows] of heads.entries()) {
          const own = rows[row]!;
          const from = (l * H + h) * keys.length;
          expect(
            far(
              maps.weights.subarray(from, from + keys.length),
              keys.map((j) => own[j]!),
            ),
          ).toBeLessThan(2e-6);
          expect(Math.abs(maps.sums[l * H + h]! - 1)).toBeLessThan(1e-5);
          // It is what the model used: the values under these weights are the layer's output.
          const [, , v, out] = read[l]!;
          for (let i = 0; i < D; i++) {
            const mixed = own.reduce((sum, p, j) => sum + p * v![(j * K + Math.floor(h / (H / K))) * D + i]!, 0);
            expect(Math.abs(mixed - out![(row * H + h) * D + i]!)).toBeLessThan(1e-4);
          }
        }
      // The product of (mean over heads + 1) / 2 over the layers, of all rows.
      let carried: number[] = Array.from({ length: N }, (_, n) => (n === row ? 1 : 0));
      for (const heads of probabilities.toReversed())
        carried = carried.map(
          (own, j) =>
            0.5 * own +
            0.5 *
              carried.reduce((sum, share, n) => sum + share * heads.reduce((mean, p) => mean + p[n]![j]! / H, 0), 0),
        );
      expect(carried.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect(
        far(
          maps.rolled!,
          keys.map((j) => carried[j]!),
        ),
      ).toBeLessThan(2e-6);
    }
    // The first turn was written before the tool's picture came.
    const before = await attentionMaps(gpu, golden.model, group, 1);
    const [first, second] = before.pictures as [{ across: number; down: number }, { across: number; down: number }];
    const own = first.across * first.down;
    const all = own + second.across * second.down;
    const ofSecond = before.weights.filter((_, at) => at % all >= own);
    expect(ofSecond.every((weight) => weight === 0)).toBe(true);
    expect(before.weights.filter((_, at) => at % all < own).every((weight) => weight > 0)).toBe(true);
    await expect(attentionMaps(gpu, golden.model, group, 3)).rejects.toThrow("none has index 3");
  },
);
