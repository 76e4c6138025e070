import type { RewardFunction } from "../../../reward/rewards/reward_function.ts";
import { setting } from "../labels/numbers.ts";
import { formulaOf, rewardLabels } from "../labels/reward_labels.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";

/** The reward: the run's own weights, or a published formula. */
export function RewardCard() {
  const { store } = usePage();
  const { bonus, reward } = store.config.value;
  const formula = formulaOf(reward);
  return (
    <div class="card">
      <h2>
        <b>Reward</b> = what the model is paid for
      </h2>
      <KnobField knob="reward" label="by" choiceLabels={rewardLabels} />
      {formula ? (
        <>
          {reward === "tools-rl" && <KnobField knob="toolStageSteps" label="steps of stage 1" />}
          <Formula formula={formula} />
        </>
      ) : (
        <>
          <KnobField knob="answerWeight" label="right answer" colour="--answer" />
          <KnobField knob="formatWeight" label="format broken, minus" colour="--format" />
          <KnobField
            knob="bonusWeight"
            label={bonus === "unconditional" ? "zoomed" : "zoomed and right"}
            colour="--tool"
          />
          <KnobField knob="bonus" label="bonus" />
        </>
      )}
    </div>
  );
}

function Formula({ formula: { name, help, source, constants = [] } }: { formula: RewardFunction }) {
  return (
    <>
      <p class="small sentence">{help}</p>
      <table class="kv" aria-label={`Weights of ${name}`}>
        <tbody>
          {constants.map(({ label, value }) => (
            <tr key={label}>
              <td>{label}</td>
              <td>{setting(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="cap">{source}</p>
    </>
  );
}
