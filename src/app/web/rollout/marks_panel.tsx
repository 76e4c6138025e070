import { MarkFields } from "../widgets/mark_fields.tsx";
import type { StepContext } from "./step_context.ts";

/** What a person says of the rollout; of a branch, of the rollout that it left. */
export const MarksPanel = ({ step }: { step: StepContext }) => <MarkFields rollout={step.chosen.rollout.id} />;
