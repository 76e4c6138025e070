import { expect, test } from "vitest";
import { RowPacker } from "../../src/model/row_packer.ts";
import type { InputImage } from "../../src/model/vision_rows.ts";
import { type Packed, type PackedGroup, pack, sizes } from "../../src/train/pack.ts";

const none = 0xffffffff;
const image = 9;
const picture = (height: number, width: number): InputImage => ({
  grid: { t: 1, h: height, w: width },
  pixels: { width, height, data: new Uint8Array(0) },
});
const target = (at: number, token: number) => ({ at, token, weight: 1 });
/** 2 x 2 patches are one image token, 4 x 2 are two, one above the other. */
const [small, tall] = [picture(2, 2), picture(4, 2)];

const groups: PackedGroup[] = [
  {
    prefix: { tokens: [1, image, image, 2], images: [tall] },
    sequences: [
      // The last token predicts nothing and is left out.
      { tokens: [3, 4, 5], images: [], targets: [target(-1, 3), target(0, 4), target(1, 5)] },
      // A tool's answer in the middle: trained are the first token and the last.
      { tokens: [6, 7, image, 8, 6], images: [small], targets: [target(-1, 6), target(3, 6)] },
    ],
  },
  {
    prefix: { tokens: [], images: [] },
    sequences: [{ tokens: [2, image, 3], images: [small], targets: [target(0, image), target(1, 3)] }],
  },
];

test("pack() puts the prefix once and its sequences behind it, each as far as it predicts something", () => {
  const { rows, images } = pack(groups, image, 2);
  //                            prefix           first   second         second group
  expect([...rows.tokens]).toEqual([1, none, none, 2, 3, 4, 6, 7, none, 8, 2, none]);
  expect([...rows.imageRows]).toEqual([none, 0, 1, none, none, none, none, none, 2, none, none, 3]);
  expect(images).toEqual([tall, small, small]);
  expect(sizes(groups[0]!)).toEqual({ rows: 10, patches: 12, targets: 5 });
  expect(sizes(groups[1]!)).toEqual({ rows: 2, patches: 4, targets: 2 });
});

test("pack() continues the positions of every sequence where the prefix ended", () => {
  const { rows } = pack(groups, image, 2);
  // The tall picture begins at 1, is two rows high, and 3 follows it.
  expect([...rows.t]).toEqual([0, 1, 1, 3, 4, 5, 4, 5, 6, 7, 0, 1]);
  expect([...rows.h]).toEqual([0, 1, 2, 3, 4, 5, 4, 5, 6, 7, 0, 1]);
  expect([...rows.w]).toEqual([0, 1, 1, 3, 4, 5, 4, 5, 6, 7, 0, 1]);
});

test("pack() lets a row see its prefix and what stands before it in its own sequence, and keys be seen by the same rows", () => {
  const { rows } = pack(groups, image, 2);
  const spans = (of: readonly number[]) => Array.from({ length: of.length / 4 }, (_, i) => of.slice(i * 4, i * 4 + 4));
  const members = ([a, b, c, d]: number[]) =>
    [...Array(12).keys()].filter((i) => (i >= a! && i < b!) || (i >= c! && i < d!));
  const seen = spans([...rows.querySpans]).map(members);
  expect(seen).toEqual([
    [0],
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 6],
    [0, 1, 2, 3, 6, 7],
    [0, 1, 2, 3, 6, 7, 8],
    [0, 1, 2, 3, 6, 7, 8, 9],
    [10],
    [10, 11],
  ]);
  spans([...rows.keySpans]).forEach((span, key) => {
    // It may hold more (the op looks into the rows' own spans), but must hold all that see the key.
    const seers = seen.flatMap((keys, row) => (keys.includes(key) ? [row] : []));
    expect(members(span), `key ${key}`).toEqual(seers);
  });
});

test("pack() says from which row each target is predicted", () => {
  const { targetRows, targets } = pack(groups, image, 2);
  expect(targetRows).toEqual([3, 4, 5, 3, 9, 10, 11]);
  expect(targets.map(({ token }) => token)).toEqual([3, 4, 5, 6, 6, image, 3]);
});

test("pack() with a packer that was used before gives what a new one gives", () => {
  const packer = new RowPacker(image);
  const copied = (packed: Packed) => structuredClone({ ...packed, targets: [] });
  const [first, second] = [groups.slice(0, 1), groups.slice(1)];
  for (const some of [groups, second, first, groups, [], second])
    expect(copied(pack(some, image, 2, packer))).toEqual(copied(pack(some, image, 2)));
});

test("pack() leaves a picture out whose tokens are all left out", () => {
  const cut: PackedGroup = {
    prefix: { tokens: [1], images: [] },
    sequences: [{ tokens: [3, 4, image], images: [small], targets: [target(-1, 3), target(0, 4)] }],
  };
  const { rows, images } = pack([cut], image, 2);
  expect([...rows.tokens]).toEqual([1, 3]);
  expect(images).toEqual([]);
});
