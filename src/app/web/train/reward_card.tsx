import type { RunConfig } from "../../../train/knobs.ts";
import { setting } from "../labels/numbers.ts";
import { menuEntry, partWords, rewardWords } from "../labels/reward_labels.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";

/** What the model is paid for: four weights, or a reward of the originals or those who followed. */
export function RewardCard() {
  const { store } = usePage();
  const { bonus, reward } = store.config.value;
  const entry = menuEntry(reward);
  return (
    <div class="card">
      <h2>
        <b>Reward</b> = what the model is paid for
      </h2>
      <KnobField knob="reward" label="by" words={rewardWords} />
      {entry ? (
        <Entry name={reward} entry={entry} />
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

function Entry({ name, entry }: { name: RunConfig["reward"]; entry: NonNullable<ReturnType<typeof menuEntry>> }) {
  return (
    <>
      <p class="small sentence">{entry.line}</p>
      <table class="kv" aria-label={`Weights of ${name}`}>
        <tbody>
          {Object.entries(entry.weights).map(([weight, value]) => (
            <tr key={weight}>
              <td>{partWords[weight] ?? weight}</td>
              <td>{setting(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="cap">{entry.source}</p>
    </>
  );
}
