import type { AttentionMaps } from "../../../train/attention_maps.ts";

/** Which part of the attention is shown: counted from 1, 0 for the mean over all. */
export interface AttentionChoice {
  layer: number;
  head: number;
  /** Over all layers, in the place of a layer and a head. */
  rolled: boolean;
}

/** One picture's attention. */
export interface PictureAttention {
  across: number;
  down: number;
  /** (down, across) */
  weights: Float32Array;
  /** Their sum: the share of the attention that is on the picture. */
  share: number;
}

/** Attention to each picture by a choice; null where it was not rolled out. */
export function chosenAttention(
  maps: AttentionMaps,
  { layer, head, rolled }: AttentionChoice,
): PictureAttention[] | null {
  if (rolled && !maps.rolled) return null;
  const M = maps.pictures.reduce((sum, { across, down }) => sum + across * down, 0);
  const all = rolled ? maps.rolled! : new Float32Array(M);
  if (!rolled) {
    const among = (count: number, chosen: number) =>
      chosen > 0 ? [Math.min(chosen, count) - 1] : Array.from({ length: count }, (_, i) => i);
    const [layers, heads] = [among(maps.layers, layer), among(maps.heads, head)];
    for (const l of layers)
      for (const h of heads)
        for (let m = 0; m < M; m++)
          all[m]! += maps.weights[(l * maps.heads + h) * M + m]! / (layers.length * heads.length);
  }
  let at = 0;
  return maps.pictures.map(({ across, down }) => {
    const weights = all.subarray(at, at + across * down);
    at += across * down;
    return { across, down, weights, share: weights.reduce((sum, weight) => sum + weight, 0) };
  });
}

/** Where a picture is looked at most, counted from 1; null of one that is not looked at. */
export function strongest({
  across,
  weights,
}: PictureAttention): { row: number; column: number; weight: number } | null {
  const weight = weights.reduce((most, one) => Math.max(most, one), 0);
  const at = weights.indexOf(weight);
  return weight > 0 ? { row: Math.floor(at / across) + 1, column: (at % across) + 1, weight } : null;
}
