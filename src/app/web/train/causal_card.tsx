import { counted, signed } from "../labels/numbers.ts";
import { percent } from "../labels/worth_words.ts";
import { usePage } from "../run/page_context.ts";
import { causalCardId, type MeasuredWorth } from "../run/worth_control.ts";
import { WorthBars } from "../widgets/worth_bars.tsx";

/** What the pictures of tools were worth in the step that is looked at, or in held-out tasks; measured when it is asked for. */
export function CausalCard() {
  const { store, worth } = usePage();
  const record = store.record.value;
  const asking = worth.asking.value;
  const { obstacle, obstacleToEvaluation } = worth;
  const found = worth.ofShown(worth.measured);
  const { evalTasks } = store.runConfig.value ?? store.config.value;
  const ready = record?.groups.some((group) => group !== null) ?? false;
  const isLive = store.replay.value === null;
  // Before a run, and before its model is open, there is nothing to ask.
  if (!ready && !found && asking === null && (!isLive || store.opened.value === null)) return null;
  const why = (ready ? obstacle : null) ?? obstacleToEvaluation;
  return (
    <section id={causalCardId} class="card causal" aria-label="What the crops were worth">
      <h2>
        <b>What the crops were worth</b> {found?.title}
      </h2>
      {!found && (
        <p class="small soft">
          Measures the probability of the right answers with the real crops, with something else in their place, and
          without the calls.
        </p>
      )}
      {found && <Measured found={found} />}
      <p class="buttons">
        {ready && record && (
          <button
            type="button"
            disabled={obstacle !== null || asking !== null}
            onClick={() => void worth.measureStep(record)}
          >
            Measure step {record.step}
          </button>
        )}
        {isLive && (
          <button
            type="button"
            disabled={obstacleToEvaluation !== null || asking !== null}
            title={obstacleToEvaluation ?? "Sampled anew with the open weights"}
            onClick={() => void worth.evaluate()}
          >
            Evaluate {counted(evalTasks, "held-out task")}
          </button>
        )}
        {asking !== null && (
          <>
            <span class="small soft" role="status">
              <i class="pulse inline" aria-hidden="true" />
              measuring {asking}…
            </span>
            <button type="button" onClick={() => worth.stop()}>
              Stop
            </button>
          </>
        )}
      </p>
      {why !== null && <p class="small soft">{why}.</p>}
    </section>
  );
}

function Measured({ found }: { found: MeasuredWorth }) {
  const { summary, done, of, who } = found;
  const { rollouts, answered, called, gold, given, withTool = 0, withoutTool = 0, gain = 0, harm = 0 } = summary;
  if (answered === 0)
    return (
      <p class="small" role="status">
        None of {counted(rollouts, "rollout")} answered, so that nothing can be said about their crops.
      </p>
    );
  return (
    <>
      <p class="small worth-words" role="status">
        {gold
          ? `In ${counted(called, "rollout")} with a crop the right answer has ${percent(gold.tool)}, with grey in its place ${percent(gold.blank)}; ${percent(gold.none)} would have been right anyway, without the call.`
          : `No tool gave a picture in ${counted(answered, "rollout")} that answered; the right answers have ${percent(withTool)}.`}
      </p>
      {gold && given && (
        <WorthBars caption="Mean probability of the right and of the given answers" {...{ gold, given }} />
      )}
      <table class="kv even">
        <tbody>
          <Row name="right with the tool" value={percent(withTool)} />
          <Row name="right without a call" value={percent(withoutTool)} />
          <Row name="gain: wrong without, right with the tool" value={signed(gain, 3)} />
          <Row name="harm: right without, wrong with the tool" value={signed(-harm, 3)} />
        </tbody>
      </table>
      <p class="cap">
        {done < of ? `${done} of ${of} rollouts. ` : ""}
        {who}. Over {counted(answered, "rollout")} that answered.
      </p>
    </>
  );
}

const Row = ({ name, value }: { name: string; value: string }) => (
  <tr>
    <td>{name}</td>
    <td>{value}</td>
  </tr>
);
