/**
 * A reward of one's own, and a script of ten lines that trains by it: 1 for a right answer, and calls cost.
 *
 *     npm run build:library                 # for Node and pages only; Deno needs no build
 *     npx deno run -A examples/own_reward.ts
 *
 * On the command line the same file is `npm run saccade -- train --reward ./examples/own_reward.ts`.
 */
import { defineReward, train } from "saccade";

const thrifty = defineReward({
  name: "thrifty",
  label: "Thrifty",
  help: "1 for a right answer, less 0.1 for each call",
  source: "examples/own_reward.ts",
  parts: [
    { name: "answer", label: "right answer", help: "1 where the run's judge says so" },
    { name: "calls", label: "calls", help: "-0.1 for each, also one that failed" },
  ],
  score: async ({ rollout, verdict }) => ({
    answer: (await verdict()).right ? 1 : 0,
    calls: -0.1 * rollout.calls.length,
  }),
});

export default thrifty;

if (import.meta.main)
  for await (const event of train({ model: "needle", reward: thrifty, steps: 2, tasksPerStep: 2, rolloutsPerTask: 2 }))
    if (event.type === "update") console.log(event.step, event.metrics.reward, event.metrics["reward/calls"]);
