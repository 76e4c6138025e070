import type { ComponentChildren } from "preact";
import { creditOf, creditsCalls, effectText, type ProbedCall } from "../../../train/call_credit.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { figure, meanAndDeviation, setting, signed } from "../labels/numbers.ts";
import type { StepLoss } from "./step_loss.ts";
import { clipText, share } from "./token_panel.tsx";

/** The loss of one token under one choice of knobs, to be written out. */
export interface Written {
  config: Pick<
    RunConfig,
    | "clipRatioLow"
    | "clipRatioHigh"
    | "clipRatioC"
    | "ratioLevel"
    | "klLossCoef"
    | "klLossType"
    | "normAdvByStd"
    | "lossAggMode"
    | "microBatchRollouts"
    | "temperature"
    | "callCredit"
    | "callRouting"
  >;
  loss: StepLoss;
  /** Of the sampled tokens. */
  index: number;
  /** Of the token; `start` under the weights that the run began with, null where they could not be asked. */
  logprob: number;
  oldLogprob: number;
  start: number | null;
  spread: number;
  /** Of the rollout, those that were probed. */
  calls: readonly ProbedCall[];
}

export interface FormulaRow {
  name: string;
  line: string;
  cell(of: Written): ComponentChildren;
  /** Only where the run's settings ask for it; always where absent. */
  only?(config: Written["config"]): boolean;
}

const termsOf = ({ loss, index }: Written) => loss.terms[index]!;

const Value = ({ children }: { children: ComponentChildren }) => <b class="mono">{children}</b>;

/** The loss from the rewards to the pull on the logits, a row for each step. */
export const formulaRows: readonly FormulaRow[] = [
  { name: "A", line: "advantage of the rollout in its group", cell: advantageCell },
  {
    name: "A token",
    line: "the same on this token, by what calls are given",
    cell: tokenAdvantageCell,
    only: creditsCalls,
  },
  { name: "r", line: "probability under these weights over that when it was sampled", cell: ratioCell },
  { name: "clip", line: "bounds of the ratio", cell: clipCell },
  { name: "pg", line: "policy loss", cell: policyCell },
  { name: "kl", line: "KL to the weights at the start", cell: klCell },
  { name: "w", line: "weight from loss aggregation", cell: weightCell },
  { name: "loss", line: "what the token adds to the loss", cell: lossCell },
  { name: "slope", line: "derivative of the loss by the log-probability", cell: slopeCell },
  { name: "pull", line: "norm of the gradient at the logits", cell: pullCell },
];

function advantageCell({ loss: { rewards, reward, advantage }, config }: Written): ComponentChildren {
  if (advantage === null) return "none: the judge gave no verdict";
  const known = rewards.filter((one) => one !== null);
  // As verl has it for a group of one.
  const alone = { mean: 0, deviation: 1 };
  const { mean, deviation } = known.length === 1 ? alone : (meanAndDeviation(known) ?? alone);
  return (
    <>
      {config.normAdvByStd
        ? `(R − mean) / (deviation + 10⁻⁶) = (${figure(reward)} − ${figure(mean)}) / ${figure(deviation)}`
        : `R − mean = ${figure(reward)} − ${figure(mean)}`}{" "}
      = <Value>{signed(advantage, 3)}</Value>
    </>
  );
}

/** What is left of the rollout's advantage, and what the token's own call adds. */
function tokenAdvantageCell({ loss: { advantage, advantages }, config, calls, index }: Written): ComponentChildren {
  const whole = <Value>{signed(advantages[index] ?? 0, 3)}</Value>;
  if (!creditsCalls(config) || advantage === null) return <>A = {whole}</>;
  const own = calls.find(({ from, to }) => index >= from && index < to);
  const credit = own ? config.callCredit * creditOf(own.probe) : 0;
  const kept = (advantages[index] ?? 0) - credit;
  const isHeldBack = Math.abs(kept - advantage) > 1e-9;
  return (
    <>
      {isHeldBack ? `${signed(kept, 3)} (held back)` : "A"}
      {own && config.callCredit > 0 && ` + ${setting(config.callCredit)} × ${signed(creditOf(own.probe), 3)}`} = {whole}
      {own && ` · its call: ${effectText(own.probe)}`}
      {!own && isHeldBack && " · a later call was misleading"}
    </>
  );
}

function ratioCell(of: Written): ComponentChildren {
  const { ratio } = termsOf(of);
  const tokens = of.loss.terms.length;
  return (
    <>
      {of.config.ratioLevel === "sequence"
        ? `exp(mean of log π − log π_old over ${tokens} tokens)`
        : `exp(log π − log π_old) = exp(${figure(of.logprob)} − (${figure(of.oldLogprob)}))`}{" "}
      = <Value>{ratio === 1 ? "1" : ratio < 0.001 ? figure(ratio) : ratio.toFixed(4)}</Value>
    </>
  );
}

function clipCell(of: Written): ComponentChildren {
  const { clipRatioLow, clipRatioHigh, clipRatioC } = of.config;
  return (
    <>
      [1 − {setting(clipRatioLow)}, 1 + {setting(clipRatioHigh)}]
      {clipRatioC > 0 && `, where A < 0 also c = ${setting(clipRatioC)}`} · clipped:{" "}
      <Value>{clipText(termsOf(of), of.config)}</Value>
    </>
  );
}

function policyCell(of: Written): ComponentChildren {
  const { unclipped, clipped, bound, policyLoss } = termsOf(of);
  const isBounded = (of.loss.advantages[of.index] ?? 0) < 0 && of.config.clipRatioC > 0;
  const larger = `max(${figure(unclipped)}, ${figure(clipped)})`;
  return (
    <>
      {isBounded
        ? `min(−A c, max(−A r, −A clip(r))) = min(${figure(bound)}, ${larger})`
        : `max(−A r, −A clip(r)) = ${larger}`}{" "}
      = <Value>{figure(policyLoss)}</Value>
    </>
  );
}

/** d is the log-probability at the start less that of these weights, as verl writes it. */
const klFormulas: Record<RunConfig["klLossType"], string> = {
  low_var_kl: "k3: eᵈ − d − 1",
  kl: "k1: −d",
  abs: "|k1|: |d|",
  mse: "k2: d² / 2",
};

function klCell(of: Written): ComponentChildren {
  const { klLossCoef, klLossType } = of.config;
  if (klLossCoef === 0) return "not in the loss: its coefficient is 0";
  if (of.start === null) return "unknown: the weights at the start could not be asked, and it is left out";
  return (
    <>
      {klFormulas[klLossType]} = <Value>{figure(termsOf(of).kl)}</Value> with d = {figure(of.start - of.logprob)},
      coefficient {setting(klLossCoef)}
    </>
  );
}

function weightCell(of: Written): ComponentChildren {
  const { weight, terms } = of.loss;
  const { lossAggMode, microBatchRollouts } = of.config;
  if (weight === 0) return "0: the rollout is left out of the loss";
  const whole = (value: number) => Math.round(value).toLocaleString("en");
  const made = {
    "token-mean": `1 / ${whole(1 / weight)} tokens`,
    "seq-mean-token-mean": `1 / (${whole(1 / (weight * terms.length))} rollouts × ${terms.length} tokens)`,
    "seq-mean-token-sum": `1 / ${whole(1 / weight)} rollouts`,
    "seq-mean-token-sum-norm": `1 / ${whole(1 / weight)}, the constant length`,
  }[lossAggMode];
  return (
    <>
      {lossAggMode}: {microBatchRollouts > 0 ? `over ${microBatchRollouts} rollouts at a time` : made} ={" "}
      <Value>{figure(weight)}</Value>
    </>
  );
}

/** Its share of the rollout's sum; nothing of a rollout that adds nothing. */
const ofRollout = (part: number, whole: number): string =>
  whole === 0 ? "" : ` · ${share(part, whole)} of the rollout’s`;

function lossCell(of: Written): ComponentChildren {
  const { loss } = termsOf(of);
  return (
    <>
      w (pg{of.config.klLossCoef > 0 ? ` + ${setting(of.config.klLossCoef)} kl` : ""}) = <Value>{figure(loss)}</Value>
      {ofRollout(Math.abs(loss), of.loss.lossSum)}
    </>
  );
}

function slopeCell(of: Written): ComponentChildren {
  return <Value>{figure(termsOf(of).slope)}</Value>;
}

function pullCell(of: Written): ComponentChildren {
  const pull = of.loss.gradients[of.index] ?? 0;
  const { temperature } = of.config;
  return (
    <>
      |slope| |e − p|{temperature === 1 ? "" : ` / ${setting(temperature)}`} = {figure(Math.abs(termsOf(of).slope))} ×{" "}
      {figure(of.spread)}
      {temperature === 1 ? "" : ` / ${setting(temperature)}`} = <Value>{figure(pull)}</Value>
      {ofRollout(pull, of.loss.gradientSum)}
    </>
  );
}
