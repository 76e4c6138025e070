import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { type WeightsChoice, weightsChoices } from "../../worker_api/asked_weights.ts";
import type { Alternative, MeasuredToken } from "../../worker_api/token_measures.ts";
import { figure, signed } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { weightsAsked } from "../run/who_answers.ts";
import { TokenButton, TokenOutcome } from "./branch_token.tsx";
import type { StepContext } from "./step_context.ts";
import { imageWords, visibleText } from "./token_units.ts";
import { weightsCompared } from "./use_measures.ts";

/** The token under the cursor: what else might have been written, by chosen weights, and what they make of its loss. */
export function TokenPanel({ step }: { step: StepContext }) {
  const { unit, sampledBefore, measures, advantages } = step;
  const advantage = advantages?.[sampledBefore] ?? null;
  const { source, token } = unit;
  const model = source === "model";
  const measured = model ? (measures.found?.tokens[sampledBefore] ?? null) : null;
  return (
    <>
      {model && <WeightsChoices />}
      {measured && <AlternativesTable step={step} alternatives={measured.alternatives} written={token} />}
      {measured && <TokenOutcome step={step} />}
      {model && <p class="soft small weights-line">{measures.line}</p>}
      {model && measures.found?.otherProblem && (
        <p class="soft small weights-line">Nothing to compare with: {measures.found.otherProblem}</p>
      )}
      <table class="kv even">
        <tbody>
          <Row label="id">{token}</Row>
          <Row label="from">{originText(step)}</Row>
          {model && (
            <>
              <Measured step={step} measured={measured} />
              <Row label="advantage">{advantage === null || unit.untrained ? "–" : signed(advantage)}</Row>
              <LossRows step={step} />
            </>
          )}
        </tbody>
      </table>
    </>
  );
}

function Row({ label, children }: { label: ComponentChildren; children: ComponentChildren }) {
  return (
    <tr>
      <td>{label}</td>
      <td>{children}</td>
    </tr>
  );
}

const choiceLabels: Record<WeightsChoice, string> = {
  now: "current",
  start: "at the start",
  checkpoint: "nearest checkpoint",
};

/** Whose answer it is, and whose it is compared with. */
function WeightsChoices() {
  const { store } = usePage();
  const id = useId();
  const asked = weightsAsked(store);
  const compared = weightsCompared(store);
  const choose = (changes: typeof store.askedWeights.value): void => {
    store.askedWeights.value = { ...store.askedWeights.peek(), ...changes };
  };
  return (
    <div class="weights">
      <label for={`${id}-asked`}>weights</label>
      <select
        id={`${id}-asked`}
        value={asked}
        onChange={(event) => choose({ weights: event.currentTarget.value as WeightsChoice })}
      >
        {weightsChoices.map((name) => (
          <option key={name} value={name}>
            {choiceLabels[name]}
          </option>
        ))}
      </select>
      <label for={`${id}-other`}>compare with</label>
      <select
        id={`${id}-other`}
        value={compared ?? ""}
        onChange={(event) => choose({ other: (event.currentTarget.value || null) as WeightsChoice | null })}
      >
        <option value="">none</option>
        {weightsChoices
          .filter((name) => name !== asked)
          .map((name) => (
            <option key={name} value={name}>
              {choiceLabels[name]}
            </option>
          ))}
      </select>
    </div>
  );
}

function AlternativesTable({
  step,
  alternatives,
  written,
}: {
  step: StepContext;
  alternatives: readonly Alternative[];
  written: number;
}) {
  const { store } = usePage();
  const compares = alternatives.some(({ other }) => other !== null);
  const compared = weightsCompared(store);
  return (
    <table class={compares ? "alternatives beside" : "alternatives"}>
      <caption class="hidden">
        What the model would sample here, with probabilities
        {compares && compared && `, and in the last column those of the weights ${choiceLabels[compared]}`}
      </caption>
      <tbody>
        {alternatives.map(({ token, text, probability, other }) => (
          <tr key={token} class={token === written ? "sampled" : ""}>
            <th scope="row" class="mono" title={`id ${token}`}>
              <TokenButton step={step} token={token} text={text} />
              {token === written && <span class="hidden"> (sampled)</span>}
            </th>
            <td class="bar" aria-hidden="true">
              <i style={{ width: `${probability * 100}%` }} />
              {other !== null && <i class="other" style={{ width: `${other * 100}%` }} />}
            </td>
            <td class="num">{figure(probability)}</td>
            {compares && <td class="num soft">{figure(other)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What it was when it was written, under the asked weights, and under those beside them. */
function Measured({ step, measured }: { step: StepContext; measured: MeasuredToken | null }) {
  const { logprob, entropy } = step.unit;
  return (
    <>
      <Row label="probability, as written">{figure(logprob === null ? null : Math.exp(logprob))}</Row>
      <Row label="log-probability, as written">{figure(logprob)}</Row>
      {measured && (
        <>
          <Row label="log-probability, these weights">{figure(measured.logprob)}</Row>
          {logprob !== null && <Row label="ratio, these weights / as written">{ratio(measured.logprob - logprob)}</Row>}
          {measured.otherLogprob !== null && (
            <>
              <Row label="ratio, these / compared weights">{ratio(measured.logprob - measured.otherLogprob)}</Row>
              <Row label="KL to the compared weights">{figure(measured.kl)} nats</Row>
            </>
          )}
        </>
      )}
      <Row label="entropy, as written">{figure(entropy)} nats</Row>
      {measured && <Row label="entropy, these weights">{figure(measured.entropy)} nats</Row>}
    </>
  );
}

const ratio = (logRatio: number): string => (logRatio === 0 ? "1, exactly" : nearOne(Math.exp(logRatio)));

/** Close to 1 four places: there the difference counts. */
const nearOne = (value: number): string => (value > 0.9 && value < 1.1 ? value.toFixed(4) : figure(value));

function LossRows({ step: { loss, sampledBefore, config } }: { step: StepContext }) {
  const terms = loss?.terms[sampledBefore];
  if (!loss || !terms || !config) return null;
  return (
    <>
      <Row label="clipped, under these weights">{clipText(terms, config)}</Row>
      <Row label="share of the rollout’s loss">{share(Math.abs(terms.loss), loss.lossSum)}</Row>
      <Row label="share of the rollout’s gradient at the logits">
        {share(loss.gradients[sampledBefore] ?? 0, loss.gradientSum)}
      </Row>
    </>
  );
}

/** Whether and where the loss clips a token. */
export function clipText(
  { isClipped, isBounded, ratio: value }: { isClipped: boolean; isBounded: boolean; ratio: number },
  { clipRatioLow, clipRatioHigh, clipRatioC }: { clipRatioLow: number; clipRatioHigh: number; clipRatioC: number },
): string {
  if (isBounded) return `yes: the loss is bounded at c = ${figure(clipRatioC)}`;
  if (!isClipped) return "no";
  return value > 1 ? `yes: above ${nearOne(1 + clipRatioHigh)}` : `yes: below ${nearOne(1 - clipRatioLow)}`;
}

/** A share of a sum as a percentage. */
export const share = (part: number, whole: number): string => (whole === 0 ? "–" : `${figure((100 * part) / whole)} %`);

/** Who wrote it, and whether anything is learned from it. */
function originText({ unit, chosen }: StepContext): string {
  if (unit.given) return "a person · not sampled";
  if (unit.source !== "model") return `${unit.source} · masked`;
  if (unit.untrained)
    return chosen.rollout.continues ? "model · in the loss of the rollout before" : "model · not in the loss";
  return chosen.branch ? "model · a branch, not trained on" : "model · in the loss";
}

/** Behind the panel's heading: which token it is. */
export const tokenTitle = ({ unit }: StepContext) => (
  <>
    <b>{unit.first + unit.tokens}</b>{" "}
    {unit.picture === null ? <span class="mono">“{visibleText(unit.text)}”</span> : imageWords(unit)}
  </>
);
