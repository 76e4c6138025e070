import { afterAll, beforeAll, expect, test } from "vitest";
import { openGpuSession } from "../../src/app/gpu_session.ts";
import type { Session } from "../../src/app/session.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { differences, logprobsOf, type RolledTask, rolled } from "../support/base_dtype_errors.ts";
import { platform } from "../support/shipped.ts";

const config = resolveConfig({
  loraRank: 4,
  loraTargets: "q_proj,down_proj",
  tasksPerStep: 2,
  rolloutsPerTask: 2,
  learningRate: 1e-2,
  steps: 2,
});
const open = (baseDtype: RunConfig["baseDtype"], options = {}) =>
  openGpuSession(platform, { ...config, baseDtype }, options);

let exact: Session;
let rollouts: RolledTask[];
let want: number[];
beforeAll(async () => {
  exact = await open("f32", { frozen: true });
  rollouts = await rolled(exact, 2);
  want = await logprobsOf(exact, rollouts, config);
});
afterAll(() => exact.close());

/** The largest root mean square difference that log-probabilities of needle's tokens may have; `LOG.md` has larger samples. */
const tolerances = { auto: 0, bf16: 0, f16: 1e-5, int8: 0.02, int4: 0.2, nf4: 0.2 };

test.each(Object.entries(tolerances) as [RunConfig["baseDtype"], number][])(
  "needle on weights in %s samples and trains the same bits, near those of the model in f32",
  async (baseDtype, tolerance) => {
    const session = await open(baseDtype);
    const { rms } = differences(await logprobsOf(session, rollouts, config), want);
    expect(rms).toBeLessThanOrEqual(tolerance);
    if (tolerance > 1e-4) expect(rms).toBeGreaterThan(1e-4);
    const drifts: number[] = [];
    for await (const event of session.train())
      if (event.type === "update") {
        drifts.push(event.metrics.ratio_drift!);
        expect(event.metrics.grad_norm).toBeGreaterThan(0);
      }
    expect(drifts).toEqual([0, 0]);
    session.close();
  },
);

test("what is opened to be used has no gradients, is not trained, and takes the weights of a run", async () => {
  const full = resolveConfig({ evalTasks: 2 });
  const trained = await openGpuSession(platform, full);
  const { files } = await trained.checkpoint();
  const session = await openGpuSession(platform, { ...full, baseDtype: "int8" }, { frozen: true });
  expect(() => session.expectTrainable()).toThrow("The session was opened to use a model, not to train it");
  await session.restore(files);
  const { rms } = differences(await logprobsOf(session, rollouts, full), want);
  expect(rms).toBeGreaterThan(1e-4);
  expect(rms).toBeLessThan(0.02);
  trained.close();
  session.close();
  await expect(openGpuSession(platform, { ...full, baseDtype: "int8" })).rejects.toThrow(
    "baseDtype is int8, but this run trains all weights",
  );
});
