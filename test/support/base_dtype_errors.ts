import type { Rollout } from "../../src/agent/rollout.ts";
import type { Session } from "../../src/app/session/session.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { RunConfig } from "../../src/train/knobs.ts";

export interface RolledTask {
  task: Task;
  rollout: Rollout;
}

/** Two sampled rollouts of each of so many held-out tasks. */
export async function rolled(session: Session, tasks: number): Promise<RolledTask[]> {
  const all: RolledTask[] = [];
  for await (const { task, rollouts } of session.roll({ tasks, rolloutsPerTask: 2, greedy: false }))
    all.push(...rollouts.map((rollout) => ({ task, rollout })));
  return all;
}

/** Of every token that the model wrote, under the weights of a session. */
export async function logprobsOf(
  session: Session,
  rollouts: readonly RolledTask[],
  config: RunConfig,
): Promise<number[]> {
  const all: number[] = [];
  for (const { task, rollout } of rollouts) {
    for (const { logprob } of await session.rollouts.measures(rollout, task, config)) all.push(logprob);
  }
  return all;
}

/** Of log-probabilities from those of the model as it is; `loss` is how much larger the mean negative one is. */
export function differences(got: readonly number[], want: readonly number[]) {
  const by = got.map((value, i) => value - want[i]!);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean: mean(by.map(Math.abs)),
    rms: Math.sqrt(mean(by.map((value) => value * value))),
    largest: Math.max(...by.map(Math.abs)),
    loss: -mean(by),
  };
}
