/**
 * Ten seeds of one setting, one after the other, with the mean and standard error of the last reward.
 *
 *     npx deno run -A examples/sweep.ts [steps] [seeds] [tasks in a step] [attempts at each]
 *
 * In Deno `out` stores each run as the command line does; `npm run saccade -- logs` writes it for TensorBoard and others.
 */
import { train } from "saccade";

const [steps = 20, seeds = 10, tasksPerStep = 16, rolloutsPerTask = 8] = Deno.args.map(Number);
const reached: number[] = [];

for (let seed = 0; seed < seeds; seed++) {
  let last: Record<string, number> = {};
  for await (const event of train({ model: "needle", seed, steps, tasksPerStep, rolloutsPerTask }))
    if (event.type === "update") last = event.metrics;
  reached.push(last.reward ?? Number.NaN);
  console.log(`seed ${seed}: reward ${last.reward?.toFixed(3)} after ${steps} steps`);
}

const mean = reached.reduce((sum, reward) => sum + reward, 0) / seeds;
const variance = reached.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / Math.max(1, seeds - 1);
console.log(`${seeds} seeds: ${mean.toFixed(3)} +- ${Math.sqrt(variance / seeds).toFixed(3)}`);
