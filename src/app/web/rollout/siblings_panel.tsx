import type { RunConfig } from "../../../train/knobs.ts";
import { figure, meanAndDeviation, signed } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { RewardCells } from "../widgets/reward_cells.tsx";
import { Term } from "../widgets/term.tsx";
import type { StepContext } from "./step_context.ts";

/** The group of the rollout: a cell for each, and the statistics that its advantage comes from. */
export function SiblingsPanel({ step: { chosen, config } }: { step: StepContext }) {
  const { store } = usePage();
  const { rollout, siblings } = chosen;
  const statistics = meanAndDeviation(siblings.flatMap((sibling) => sibling.reward?.total ?? []));
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
