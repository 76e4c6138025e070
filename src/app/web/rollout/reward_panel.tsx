import { RewardTable } from "./reward_table.tsx";
import type { StepContext } from "./step_context.ts";

/** What the rollout was paid. */
export function RewardPanel({ step: { chosen, config } }: { step: StepContext }) {
  return <RewardTable rollout={chosen.rollout} task={chosen.task} config={config} />;
}
