import { comparisons } from "../../../train/advantage.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { counted, figure, meanAndDeviation, signed } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RewardCells } from "../widgets/reward_cells.tsx";
import { Term } from "../widgets/term.tsx";
import type { StepContext } from "./step_context.ts";

/** The group of the rollout: a cell for each, and the statistics that its advantage comes from. */
export function SiblingsPanel({ step: { chosen, config } }: { step: StepContext }) {
  const { store } = usePage();
  const { rollout, siblings } = chosen;
  // With continuations a rollout is compared with a part of its group, or with another reward.
  const compared = comparisons(siblings).find(({ of }) => of.some((one) => one?.id === rollout.id));
  const rewards = compared?.rewards ?? siblings.map(({ reward }) => reward?.total ?? null);
  const statistics = meanAndDeviation(rewards.flatMap((reward) => reward ?? []));
  const own = compared?.rewards[compared.of.findIndex((one) => one?.id === rollout.id)] ?? null;
  return (
    <>
      <div class="cells wrap">
        <RewardCells
          rollouts={siblings}
          config={config}
          chosen={rollout.id}
          onChoose={(sibling) => {
            store.pinned.value = sibling.id;
          }}
        />
      </div>
      {statistics && (
        <p class="cap num">
          {rollout.continues && `${counted(rewards.length, "continuation")}: `}
          {rollout.continuedAt !== undefined && own !== null && `recovered reward ${figure(own)} · `}
          mean {figure(statistics.mean)} · std {figure(statistics.deviation)}
          {rollout.advantage !== null && (
            <>
              {" "}
              · <Term of="advantage">advantage</Term> {config && advantageFormula(config)} = {signed(rollout.advantage)}
            </>
          )}
        </p>
      )}
    </>
  );
}

/** As the run's settings make it. */
const advantageFormula = ({ normAdvByStd }: RunConfig): string =>
  normAdvByStd ? "(reward − mean) / std" : "reward − mean";
