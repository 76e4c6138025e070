import { worthInWords } from "../labels/worth_words.ts";
import { usePage } from "../run/page_context.ts";
import { WorthBars } from "../widgets/worth_bars.tsx";
import type { StepContext } from "./step_context.ts";

/** How likely the right and the given answer are with the crop, and with something else in its place. */
export function WorthPanel({ step }: { step: StepContext }) {
  const { worth } = usePage();
  const { rollout, task } = step.chosen;
  const known = worth.of(rollout);
  const obstacle = worth.obstacle;
  const asking = worth.asking.value;
  return (
    <>
      {known === null && (
        <p class="small soft">
          Measures the probability of the right and the given answer with the real crop, then with a grey one, another
          task’s crop or the whole picture in its place, and without the call.
        </p>
      )}
      {known?.worth && (
        <>
          <p class="small worth-words" role="status">
            {worthInWords(known.worth, task.answer)}
          </p>
          <WorthBars
            caption="Probability of the right and of the given answer"
            gold={known.worth.gold}
            given={rollout.answer === task.answer ? null : known.worth.given}
          />
        </>
      )}
      {known && !known.worth && (
        <p class="small" role="status">
          This rollout gave no answer, so there is nothing to measure.
        </p>
      )}
      {known && <p class="cap">{known.who}.</p>}
      {obstacle !== null && <p class="small soft">{obstacle}.</p>}
      <p class="buttons">
        <button
          type="button"
          disabled={obstacle !== null || asking !== null}
          onClick={() => void worth.measureRollout(step.chosen)}
        >
          {known ? "Measure again" : "Measure"}
        </button>
        {asking !== null && <span class="small soft">measuring {asking}…</span>}
      </p>
    </>
  );
}
