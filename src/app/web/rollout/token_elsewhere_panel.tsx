import { figure } from "../labels/numbers.ts";
import type { StepContext } from "./step_context.ts";
import { visibleText } from "./token_units.ts";

/** The token under the cursor of a rollout that a model on a server wrote, or graphs: what these say, and no more. */
export function TokenElsewherePanel({ step: { chosen, unit } }: { step: StepContext }) {
  const { segments, elsewhere } = chosen.rollout;
  const { logprob, entropy, source, text, token } = unit;
  const graphs = elsewhere?.graphs === true;
  const segment = segments[unit.segment];
  const before = segments.slice(0, unit.segment).reduce((sum, { tokens }) => sum + tokens.length, 0);
  const list = segment?.alternatives?.[unit.first - before] ?? [];
  const model = source === "model";
  const unknown = logprob === null;
  return (
    <>
      {list.length > 0 && (
        <table class="alternatives">
          <caption class="hidden">
            The likeliest tokens here as {graphs ? "the graphs give" : "the server gives"} them, with probabilities
          </caption>
          <tbody>
            {list.map(([other, its], i) => (
              <tr key={i} class={other === text ? "sampled" : ""}>
                <th scope="row" class="mono">
                  {visibleText(other)}
                  {other === text && <span class="hidden"> (written)</span>}
                </th>
                <td class="bar" aria-hidden="true">
                  <i style={{ width: `${Math.exp(its) * 100}%` }} />
                </td>
                <td class="num">{figure(Math.exp(its))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table class="kv">
        <tbody>
          <tr>
            <td>from</td>
            <td>{model ? `${elsewhere?.model} · never trained on` : source}</td>
          </tr>
          {model && (
            <>
              <tr>
                <td>probability</td>
                <td>{unknown ? "unknown" : figure(Math.exp(logprob))}</td>
              </tr>
              <tr>
                <td>log-probability</td>
                <td>{unknown ? "unknown" : figure(logprob)}</td>
              </tr>
              <tr>
                <td>entropy</td>
                <td>{graphs && entropy !== null ? figure(entropy) : "unknown"}</td>
              </tr>
            </>
          )}
          <tr>
            <td>id</td>
            <td>{graphs ? token : "unknown"}</td>
          </tr>
        </tbody>
      </table>
      <p class="cap">
        {graphs
          ? "Probabilities are those of the graphs, from which the tokens were sampled. Of the prompt, and of where the model looked, graphs say nothing."
          : unknown && model
            ? "The server gives no log-probabilities, nor where its tokens begin: the text is cut at words."
            : "Probabilities are the server’s own: of its model before temperature, where it does not say otherwise."}
      </p>
    </>
  );
}
