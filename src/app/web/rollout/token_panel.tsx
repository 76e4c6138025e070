import { figure, signed } from "../labels/numbers.ts";
import { TokenButton, TokenOutcome } from "./branch_token.tsx";
import type { StepContext } from "./step_context.ts";
import { imageWords, visibleText } from "./token_units.ts";
import { useAlternatives } from "./use_alternatives.ts";

/** The token under the cursor: probabilities, ratio, entropy, advantage. */
export function TokenPanel({ step }: { step: StepContext }) {
  const { chosen, config, unit, sampledBefore } = step;
  const { advantage } = chosen.rollout;
  const alternatives = useAlternatives(chosen, config);
  const { logprob, entropy, source, token } = unit;
  const model = source === "model";
  const list = model ? (alternatives.lists?.[sampledBefore] ?? null) : null;
  const probability = list?.find((alternative) => alternative.token === token)?.probability ?? null;
  const now = probability === null ? null : Math.log(probability);
  return (
    <>
      {list && (
        <table class="alternatives">
          <caption class="hidden">What the model would sample here, with probabilities</caption>
          <tbody>
            {list.map((alternative) => (
              <tr key={alternative.token} class={alternative.token === token ? "sampled" : ""}>
                <th scope="row" class="mono" title={`id ${alternative.token}`}>
                  <TokenButton step={step} token={alternative.token} text={alternative.text} />
                  {alternative.token === token && <span class="hidden"> (sampled)</span>}
                </th>
                <td class="bar" aria-hidden="true">
                  <i style={{ width: `${alternative.probability * 100}%` }} />
                </td>
                <td class="num">{figure(alternative.probability)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list && <TokenOutcome step={step} />}
      {model && <p class="soft small weights-line">{alternatives.line}</p>}
      <table class="kv">
        <tbody>
          <tr>
            <td>id</td>
            <td>{token}</td>
          </tr>
          <tr>
            <td>from</td>
            <td>{originText(step)}</td>
          </tr>
          {model && (
            <>
              <tr>
                <td>probability</td>
                <td>{figure(logprob === null ? null : Math.exp(logprob))}</td>
              </tr>
              <tr>
                <td>log-probability</td>
                <td>{figure(logprob)}</td>
              </tr>
              {now !== null && logprob !== null && (
                <>
                  <tr>
                    <td>log-probability now</td>
                    <td>{figure(now)}</td>
                  </tr>
                  <tr>
                    <td>ratio, now to then</td>
                    <td>{figure(Math.exp(now - logprob))}</td>
                  </tr>
                </>
              )}
              <tr>
                <td>entropy</td>
                <td>{figure(entropy)} nats</td>
              </tr>
              <tr>
                <td>advantage</td>
                <td>{advantage === null ? "–" : signed(advantage)}</td>
              </tr>
            </>
          )}
        </tbody>
      </table>
    </>
  );
}

/** Who wrote it, and whether anything is learned from it. */
function originText({ unit, chosen }: StepContext): string {
  if (unit.given) return "a person · not sampled";
  if (unit.source !== "model") return `${unit.source} · masked`;
  return chosen.branch ? "model · a branch, in no loss" : "model · in the loss";
}

/** Behind the panel's heading: which token it is. */
export const tokenTitle = ({ unit }: StepContext) => (
  <>
    <b>{unit.first + unit.tokens}</b>{" "}
    {unit.picture === null ? <span class="mono">“{visibleText(unit.text)}”</span> : imageWords(unit)}
  </>
);
