import { figure, signed } from "./numbers.ts";
import { type Unit, visibleText } from "./token_units.ts";

/** All that is known of the token under the cursor. */
export function TokenPanel({ unit, advantage }: { unit: Unit; advantage: number | null }) {
  const { logprob, entropy } = unit;
  const probability = logprob === null ? null : Math.exp(logprob);
  return (
    <div class="card">
      <h2>
        <b>Token {unit.first + unit.tokens}</b>{" "}
        {unit.picture === null ? <span class="mono">“{visibleText(unit.text)}”</span> : `image, ${unit.tokens} tokens`}
      </h2>
      {probability !== null && (
        <div class="bar" aria-hidden="true">
          <div style={{ width: `${probability * 100}%` }} />
        </div>
      )}
      <table class="kv">
        <tbody>
          <tr>
            <td>id</td>
            <td>{unit.token}</td>
          </tr>
          <tr>
            <td>written by</td>
            <td>{unit.source === "model" ? "model · trained" : `${unit.source} · not trained`}</td>
          </tr>
          {unit.source === "model" && (
            <>
              <tr>
                <td>probability</td>
                <td>{figure(probability)}</td>
              </tr>
              <tr>
                <td>log-probability</td>
                <td>{figure(logprob)}</td>
              </tr>
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
    </div>
  );
}
