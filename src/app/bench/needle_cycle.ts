import { resolveConfig } from "../../train/config.ts";
import { summary, type Timing } from "../kernels/stopwatch.ts";
import { openGpuSession } from "../session/open_gpu_session.ts";
import { type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** A whole training step of the shipped model: rollouts with tool calls, rewards, one update. */
export const needleCycle: Workload = {
  id: "P11",
  line: "a training step of the shipped model: 16 scenes x 8 rollouts, rewards and one update",
  async *run({ platform, isTiny, isLate }): AsyncGenerator<BenchLine | BenchGap> {
    const [warmUps, steps] = isTiny ? [1, 1] : [5, 25];
    const small = isTiny ? { tasksPerStep: 1, rolloutsPerTask: 2 } : {};
    const config = resolveConfig({ preset: "needle", steps: warmUps + steps, ...small });
    const id = "cycle_small";
    yield await measured(id, async () => {
      const session = await openGpuSession(platform, config);
      try {
        const whole: number[] = [];
        const rolling: number[] = [];
        let lastMs = performance.now();
        for await (const event of session.train()) {
          if (event.type !== "update") continue;
          // From update to update: a step's first prompts go into the model before its first event.
          const now = performance.now();
          const wholeMs = now - lastMs;
          lastMs = now;
          if (event.step > warmUps) {
            whole.push(wholeMs);
            rolling.push(event.rollMs);
          }
          if (isLate() && whole.length > 0) break;
        }
        const timing: Timing = summary(whole, "host clock");
        return {
          id,
          what: `a step of ${config.tasksPerStep} x ${config.rolloutsPerTask} rollouts of the model needle`,
          ...timing,
          more: { "rolling ms": summary(rolling, "host clock").ms },
        };
      } finally {
        session.close();
      }
    });
  },
};
