import { describe, expect, test } from "vitest";
import type { Rollout, Segment } from "../../../../src/agent/rollout.ts";
import { type Aligned, aligned } from "../../../../src/app/web/compare/aligned.ts";

/** A rollout whose tokens are the pieces given; texts are kept beside it. */
function made(turns: readonly [Segment["source"], string[]][], elsewhere = false) {
  const texts = turns.map(([, pieces]) => pieces);
  const segments = turns.map(
    ([source, pieces]): Segment => ({
      source,
      tokens: pieces.map((_, i) => i),
      logprobs: source === "model" && !elsewhere ? pieces.map((_, i) => -i) : [],
      entropies: [],
      images: [],
    }),
  );
  const rollout = { id: "x", segments, ...(elsewhere ? { elsewhere: { model: "m" } } : {}) } as unknown as Rollout;
  return { rollout, texts };
}

function compared(a: ReturnType<typeof made>, b: ReturnType<typeof made>): Aligned {
  return aligned(a.rollout, b.rollout, (rollout, segment) => (rollout === a.rollout ? a : b).texts[segment]!);
}

const sameOf = (turns: Aligned["turns"], side: "a" | "b") =>
  turns.map((turn) => turn[side]?.map(({ text, same }) => (same ? text : `[${text}]`)).join("") ?? null);

describe("aligned", () => {
  test("the same text has no difference", () => {
    const a = made([
      ["prompt", ["?"]],
      ["model", ["a", "b"]],
    ]);
    const { turns, first } = compared(a, {
      ...made([
        ["prompt", ["?"]],
        ["model", ["a", "b"]],
      ]),
    });
    expect(first).toBeNull();
    expect(sameOf(turns, "a")).toEqual(["ab"]);
    expect(turns[0]!.a!.map(({ written, logprob }) => [written, logprob])).toEqual([
      [0, -0],
      [1, -1],
    ]);
  });

  test("the first difference is found, and what is common behind it", () => {
    const a = made([
      ["prompt", ["?"]],
      ["model", ["box", " 1", " 2", " 3", "!"]],
      ["tool", ["<|image_pad|>", "<|image_pad|>", "ok"]],
      ["model", ["7"]],
    ]);
    const b = made([
      ["prompt", ["?"]],
      ["model", ["box", " 9", " 2", " 4", " 3", "!"]],
      ["tool", ["<|image_pad|>", "ok"]],
    ]);
    const { turns, first } = compared(a, b);
    expect(first).toEqual({ turn: 0, piece: 1 });
    expect(sameOf(turns, "a")).toEqual(["box[ 1] 2 3!", "▦ pictureok", "[7]"]);
    expect(sameOf(turns, "b")).toEqual(["box[ 9] 2[ 4] 3!", "▦ pictureok", null]);
    // Behind a tool's answer tokens go on being counted as the model wrote them.
    expect(turns[2]!.a![0]!.written).toBe(5);
  });

  test("one side that goes on differs where the other ends", () => {
    const a = made([["model", ["a"]]]);
    const b = made([["model", ["a", "b"]]]);
    expect(compared(a, b).first).toEqual({ turn: 0, piece: 1 });
  });

  test("another model's tokens are compared as words, without its marks", () => {
    const a = made([["model", ["<ans", "wer>", "7 is", " it", "<|im_end|>"]]]);
    const b = made([["model", ["<answer>7", " is", " not"]]], true);
    const { turns, first } = compared(a, b);
    expect(sameOf(turns, "a")).toEqual(["<answer>7 is[ it]"]);
    expect(first).toEqual({ turn: 0, piece: 2 });
    expect(turns[0]!.a!.every(({ written, logprob }) => written === null && logprob === null)).toBe(true);
  });

  test("turns that are too long are compared at both ends", () => {
    const long = (middle: string[]) => made([["model", ["x", ...middle, "y"]]]);
    const { turns } = compared(long(Array(2000).fill("p")), long(Array(2000).fill("q")));
    expect(turns[0]!.a!.filter(({ same }) => same).map(({ text }) => text)).toEqual(["x", "y"]);
  });
});
