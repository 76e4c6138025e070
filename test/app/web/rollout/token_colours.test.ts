import { expect, test } from "vitest";
import { colouringsOf, coloursOf, type Known } from "../../../../src/app/web/rollout/token_colours.ts";
import type { Unit } from "../../../../src/app/web/rollout/token_units.ts";

const unit = (changes: Partial<Unit>): Unit => ({
  segment: 0,
  source: "model",
  first: 0,
  tokens: 1,
  token: 1,
  text: "a",
  picture: null,
  logprob: null,
  entropy: null,
  ...changes,
});
/** A prompt, two tokens that were sampled, one that a person put there, and another sampled one. */
const units = [
  unit({ source: "prompt", tokens: 5 }),
  unit({ logprob: Math.log(0.5), entropy: 1 }),
  unit({ logprob: Math.log(0.25), entropy: 2 }),
  unit({ given: true }),
  unit({ logprob: Math.log(0.5), entropy: 0 }),
];
const token = (logprob: number, kl: number) => ({ logprob, kl }) as never;
const terms = (loss: number, isClipped = false, isBounded = false) => ({ loss, isClipped, isBounded }) as never;
const known: Known = {
  advantages: [-1, -0.5, 9, -1],
  found: {
    tokens: [token(Math.log(0.75), 0.1), token(Math.log(0.2), 0.4), token(0, 9), token(Math.log(0.1), 0.2)],
    other: { weights: "start", step: 0 },
  } as never,
  loss: { terms: [terms(0.5, true), terms(-1), terms(0), terms(0.25, false, true)], gradients: [0, 2, 0, 1] } as never,
};

test("tokens are coloured by what was recorded, and by what the model finds", () => {
  const heats = (name: Parameters<typeof coloursOf>[0]) =>
    coloursOf(name, units, known).heats.map((heat) => Number(heat.toFixed(3)));
  expect(heats("probability")).toEqual([0, 0.5, 0.75, 0, 0.5]);
  expect(heats("entropy")).toEqual([0, 0.5, 1, 0, 0]);
  expect(heats("advantage")).toEqual([0, -0.5, -0.25, 0, -0.5]);
  // A factor of 1.5 up is the full colour, and so is one of 5 down.
  expect(heats("ratio")).toEqual([0, 1, -0.55, 0, -1]);
  // What a person put there has no colour, though it is measured.
  expect(heats("KL")).toEqual([0, 0.25, 1, 0, 0.5]);
  expect(heats("loss")).toEqual([0, 0.5, 1, 0, 0.25]);
  expect(heats("pull")).toEqual([0, 0, 1, 0, 0.5]);
});

test("marks stand where the loss clips or bounds, and choices where something is known", () => {
  expect(coloursOf("probability", units, known).clipped).toEqual([false, true, false, false, true]);
  const { found } = known;
  expect(colouringsOf(known)).toHaveLength(7);
  expect(colouringsOf({ ...known, found: { ...found!, other: null } })).not.toContain("KL");
  const alone = { advantages: [1, 1, 1, 1], found: null, loss: null };
  expect(colouringsOf(alone)).toEqual(["probability", "entropy", "advantage"]);
  expect(coloursOf("advantage", units, alone).clipped).toEqual(units.map(() => false));
});
