import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { barShare, cellLabel, verdictOf } from "../labels/verdict.ts";

interface Props {
  rollouts: readonly Rollout[];
  config: RunConfig | null;
  chosen: string | null;
  /** The cell that Tab reaches; arrows go to the others. Absent: all are reached. */
  tabStop?: string | null;
  onChoose(rollout: Rollout): void;
}

/** The rollouts of a group in a row: height is the reward, the letter and colour say how it came out. */
export function RewardCells({ rollouts, config, chosen, tabStop, onChoose }: Props) {
  return rollouts.map((rollout) => {
    const { letter, colour } = verdictOf(rollout);
    const label = cellLabel(rollout);
    return (
      <button
        key={rollout.id}
        type="button"
        class="cell"
        data-rollout={rollout.id}
        data-continues={rollout.continues ? "" : undefined}
        style={{ "--v": barShare(rollout, config), "--c": `var(${colour})` }}
        aria-label={label}
        title={label}
        aria-current={rollout.id === chosen ? "true" : undefined}
        tabIndex={tabStop === undefined || rollout.id === tabStop ? 0 : -1}
        onClick={() => onChoose(rollout)}
      >
        <span>{letter}</span>
      </button>
    );
  });
}
