import type { Rollout } from "../../src/agent/rollout.ts";
import type { BenchmarkSession } from "../../src/app/benchmarks/benchmark.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Task } from "../../src/tasks/task.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { rollout } from "./rollouts.ts";

/** One rollout as a script is asked for it. */
export interface Prompted {
  task: Task;
  picture: Pixels;
  zoom: boolean;
  crop: string;
  greedy: boolean;
  rolloutIndex: number;
}

/** A session whose model writes what a script says; it remembers the calls that were made. */
export function scriptedSession(generate: (prompted: Prompted) => Partial<Rollout>): BenchmarkSession & {
  calls: { tasks: string[]; rolloutsPerTask: number; greedy: boolean; step: number | undefined }[];
  knobs: Pick<RunConfig, "zoom" | "crop">;
} {
  const knobs: Pick<RunConfig, "zoom" | "crop"> = { zoom: true, crop: "source" };
  const session: ReturnType<typeof scriptedSession> = {
    adapter: "Fake",
    model: { name: "script", view: { factor: 28, minPixels: 784, maxPixels: 784 * 64 } },
    calls: [],
    knobs,
    change: (changes) => Object.assign(knobs, changes),
    texts: (tokens) => tokens.map((token) => `<${token}>`),
    async *rollTasks(tasks, { rolloutsPerTask, greedy, step, source }) {
      session.calls.push({ tasks: tasks.map(({ id }) => id), rolloutsPerTask, greedy, step });
      for (const task of tasks) {
        const [picture] = await source.pictures(task);
        const rollouts = Array.from({ length: rolloutsPerTask }, (_, rolloutIndex) =>
          rollout({
            task: task.id,
            rolloutIndex,
            ...generate({ task, picture: picture!, ...knobs, greedy, rolloutIndex }),
          }),
        );
        yield { task, rollouts };
      }
    },
  };
  return session;
}

/** The letter of the option that begins like this (a pattern), in the question of a task. */
export const letterFor = (task: Task, option: string): string =>
  new RegExp(`^([A-D])\\. (?:${option})`, "m").exec(task.question)?.[1] ?? "none";
