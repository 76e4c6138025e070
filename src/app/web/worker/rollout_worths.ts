import type { Rollout } from "../../../agent/rollout.ts";
import type {
  AskedEvaluation,
  AskedGroup,
  AskedWorths,
  CausalEvaluation,
  SeenPictures,
  Worths,
} from "../../worker_api/worth_api.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** What the pictures of tools were worth in a group, by the wanted weights. @throws Error in one sentence */
export async function groupWorths(weights: WeightsBeside, asked: AskedWorths): Promise<Worths> {
  const of = { ...asked, rollout: firstOf(asked.rollouts) };
  return weights.ask(of, async (session, by) => ({ worths: await session.rollouts.worths(asked), by }));
}

/** Whether the learner sees the pictures of a group. @throws Error in one sentence */
export async function groupSight(weights: WeightsBeside, asked: AskedGroup): Promise<SeenPictures> {
  const of = { ...asked, rollout: firstOf(asked.rollouts) };
  return weights.ask(of, async (session, by) => ({ sight: await session.rollouts.sight(asked), by }));
}

/** An evaluation with what the tools' pictures were worth. @throws Error in one sentence */
export async function evaluateWorth(weights: WeightsBeside, asked: AskedEvaluation): Promise<CausalEvaluation> {
  const { config } = asked;
  // The weights after a step are those that write the rollouts of the next one.
  const of = { ...asked, rollout: { step: asked.step + 1 } };
  return weights.ask(of, async (session, by) => {
    const found = await session.evaluate({ tasks: asked.tasks, greedy: false, causal: true, config });
    const { tasks, metrics, causal } = found;
    if (!causal) throw new Error("Expected an evaluation with what the tools' pictures were worth, found one without");
    return { tasks, metrics, causal, by };
  });
}

function firstOf(rollouts: readonly Rollout[]): Rollout {
  const [first] = rollouts;
  if (!first) throw new Error("Expected at least one rollout to ask about, found none");
  return first;
}
