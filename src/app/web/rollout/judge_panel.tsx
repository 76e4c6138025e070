import type { Rollout } from "../../../agent/rollout.ts";
import { count, shortened } from "../labels/numbers.ts";
import type { StepContext } from "./step_context.ts";

/** What the judge that reads was asked about the answer, what it said and how long that took. */
export function JudgePanel({ step }: { step: StepContext }) {
  const { rollout } = step.chosen;
  const { judged, reward, unjudged } = rollout;
  const words = judged?.words;
  if (!words) return null;
  const verdict = judged.verdict ?? (reward && unjudged === undefined ? { right: reward.right, rule: "" } : null);
  return (
    <>
      <table class="kv">
        <tbody>
          <tr>
            <td>judge</td>
            <td>{[step.config?.judge, shortened(words.model, 200)].filter(Boolean).join(" · ")}</td>
          </tr>
          <tr>
            <td>verdict</td>
            <td>{verdict === null ? "none" : verdict.right ? "right" : "wrong"}</td>
          </tr>
          {verdict && "votes" in verdict && verdict.votes && (
            <tr>
              <td>votes</td>
              <td>
                <ul class="votes">
                  {verdict.votes.map(({ model, right }, i) => (
                    <li key={`${i} ${model}`}>
                      {shortened(model, 200)}: {right === null ? "no verdict" : right ? "right" : "wrong"}
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          )}
          <tr>
            <td>latency</td>
            <td>{latencyText(words.latencyMs)}</td>
          </tr>
        </tbody>
      </table>
      {verdict === null && unjudged !== undefined && <p class="problem small">{shortened(unjudged)}</p>}
      <h3>Its reply</h3>
      {words.reply === null ? (
        <p class="small soft">None came.</p>
      ) : (
        <Words label="The judge’s reply" text={words.reply} />
      )}
      <h3>What it was asked</h3>
      <Words label="The prompt of the judge" text={words.prompt} />
    </>
  );
}

/** A log may hold no number where one should be. */
function latencyText(latencyMs: number | undefined): string {
  if (latencyMs === undefined) return "from the cache";
  return Number.isFinite(latencyMs) && latencyMs >= 0 ? `${count(Math.round(latencyMs))} ms` : "unknown";
}

/** Whether there is anything to show: rules say nothing, and logs of early runs have no words. */
export const hasJudgeWords = ({ judged }: Rollout): boolean => judged?.words !== undefined;

function Words({ label, text }: { label: string; text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section class="words" tabIndex={0} aria-label={label}>
      <pre>{shortened(text, 8000)}</pre>
    </section>
  );
}
