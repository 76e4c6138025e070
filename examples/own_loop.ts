/**
 * GRPO written out by hand on the library's parts: rollouts, rewards, advantages, update. What `train` does besides is
 * bookkeeping: events, alarms, evaluations, checkpoints.
 *
 *     npx deno run -A examples/own_loop.ts [steps]
 */
import { openModel } from "saccade";

const steps = Number(Deno.args[0] ?? 2);
const model = await openModel("needle", { trainable: true, tasksPerStep: 2, rolloutsPerTask: 4, learningRate: 1e-4 });

for (let step = 0; step < steps; step++) {
  // The policy makes several rollouts of each task: a group.
  const tasks = await model.tasks.take(step, model.settings.tasksPerStep);
  const groups = await model.roll(tasks, { step });

  const rewards: number[] = [];
  for (const { task, rollouts } of groups) {
    // Reward: 1 for the right digit, and half as much again where a tool call was carried out before.
    const group = rollouts.map(({ answer, calls }): number => {
      const looked = calls.some(({ outcome }) => outcome === "ok");
      return answer === task.answer ? (looked ? 1.5 : 1) : 0;
    });
    // Advantage: how much better than the group, in its standard deviations.
    const mean = group.reduce((sum, reward) => sum + reward, 0) / group.length;
    const deviation = Math.sqrt(group.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (group.length - 1));
    for (const [i, rollout] of rollouts.entries()) rollout.advantage = ((group[i] ?? 0) - mean) / (deviation + 1e-6);
    rewards.push(mean);
  }

  // The clipped policy gradient of these tokens under their advantages, and one step of AdamW.
  const { loss, grad_norm } = await model.update(groups, step);
  console.log(step + 1, rewards.map((reward) => reward.toFixed(3)).join(" "), loss?.toFixed(4), grad_norm?.toFixed(3));
}
model.close();
