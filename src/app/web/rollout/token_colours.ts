import type { Measures } from "../../worker_api/token_measures.ts";
import { figure } from "../labels/numbers.ts";
import type { StepLoss } from "./step_loss.ts";
import type { Unit } from "./token_units.ts";

const recorded = ["probability", "entropy", "advantage"] as const;
const measured = ["ratio", "KL", "loss", "pull"] as const;
export type Colouring = (typeof recorded)[number] | (typeof measured)[number];

/** What is known of a rollout's tokens beside what was recorded. */
export interface Known {
  /** Of each token that the model wrote; null where the rollout has none. */
  advantages: readonly number[] | null;
  found: Measures | null;
  loss: StepLoss | null;
}

/** By what tokens can be coloured now. */
export const colouringsOf = ({ found, loss }: Known): Colouring[] => [
  ...recorded,
  ...(found ? (["ratio"] as const) : []),
  ...(found?.other ? (["KL"] as const) : []),
  ...(loss ? (["loss", "pull"] as const) : []),
];

export interface TokenColours {
  /** A unit each: strength from -1 (falls) to 1; 0 for what the model did not sample. */
  heats: number[];
  /** At the ends of the scale. */
  ends: [string, string];
  /** Whether the scale has two sides. */
  twoSided: boolean;
  /** A unit each: whether the loss clips it. */
  clipped: boolean[];
}

/** Log-ratios of this size have the full colour: a factor of 1.5. */
const fullLogRatio = Math.log(1.5);

const clamp = (value: number): number => Math.max(-1, Math.min(1, value));

export function coloursOf(colouring: Colouring, units: readonly Unit[], known: Known): TokenColours {
  const { found, loss } = known;
  let sampled = 0;
  // Of the tokens that the model wrote, those that stand there by themselves.
  const indices = units.map((unit) => {
    const index = sampled;
    if (unit.source === "model") sampled += unit.tokens;
    return unit.source === "model" && unit.logprob !== null ? index : null;
  });
  const own = indices.flatMap((index) => index ?? []);
  const { strength, full, ends, twoSided = false } = scaleOf(colouring, units, known, own);
  return {
    heats: units.map((unit, i) => (indices[i] === null ? 0 : clamp(strength(unit, indices[i]!) / full))),
    ends,
    twoSided,
    clipped: indices.map((index) => {
      const terms = index === null || !found ? undefined : loss?.terms[index];
      return terms !== undefined && (terms.isClipped || terms.isBounded);
    }),
  };
}

interface Scale {
  strength(unit: Unit, index: number): number;
  /** The value of the full colour. */
  full: number;
  ends: [string, string];
  twoSided?: boolean;
}

/** @param own  indices of the tokens that the model sampled */
function scaleOf(
  colouring: Colouring,
  units: readonly Unit[],
  { advantages, found, loss }: Known,
  own: readonly number[],
): Scale {
  const upTo = (values: readonly number[], unit: string): Scale => {
    const most = own.reduce((top, index) => Math.max(top, values[index] ?? 0), 1e-12);
    return { strength: (_, index) => values[index] ?? 0, full: most, ends: ["0", `${figure(most)}${unit}`] };
  };
  switch (colouring) {
    case "probability":
      return { strength: ({ logprob }) => 1 - Math.exp(logprob ?? 0), full: 1, ends: ["p = 1", "p = 0"] };
    case "entropy": {
      const highest = units.reduce((top, unit) => Math.max(top, unit.entropy ?? 0), 1e-6);
      return { strength: ({ entropy }) => entropy ?? 0, full: highest, ends: ["0 nats", `${figure(highest)} nats`] };
    }
    case "advantage":
      return {
        strength: ({ untrained }, index) => (untrained ? 0 : (advantages?.[index] ?? 0)),
        full: 2,
        ends: ["advantage −2", "+2"],
        twoSided: true,
      };
    case "ratio":
      return {
        strength: ({ logprob }, index) => (found?.tokens[index]?.logprob ?? logprob ?? 0) - (logprob ?? 0),
        full: fullLogRatio,
        ends: ["ratio 0.67", "1.5"],
        twoSided: true,
      };
    case "KL":
      return upTo(found?.tokens.map(({ kl }) => kl ?? 0) ?? [], " nats");
    case "loss":
      return upTo(loss?.terms.map((term) => Math.abs(term.loss)) ?? [], " of the loss");
    case "pull":
      return upTo(loss?.gradients ?? [], " on the logits");
  }
}
