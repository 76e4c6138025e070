import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import type { Session } from "../../src/app/session/session.ts";
import type { NamedBytes } from "../../src/platform.ts";
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
  rollouts = await rolled(exact, 1);
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

describe("all weights, trained in f32 and read as the nearest bf16", () => {
  const full = resolveConfig({ baseDtype: "bf16", tasksPerStep: 2, rolloutsPerTask: 2, steps: 2, learningRate: 1e-3 });
  let files: NamedBytes[];
  let after: number[];

  test("are the same in sampling and in training, before and after an update", async () => {
    const session = await openGpuSession(platform, full);
    const drifts: number[] = [];
    for await (const event of session.train()) if (event.type === "update") drifts.push(event.metrics.ratio_drift!);
    expect(drifts).toEqual([0, 0]);
    after = await logprobsOf(session, rollouts, full);
    expect(after).not.toEqual(want);
    ({ files } = await session.checkpoint());
    session.close();
  });

  test("are what an export in bf16 computes with; the optimizer holds finer ones", async () => {
    const exported = await openGpuSession(platform, full, { frozen: true });
    await exported.restore(files);
    expect(await logprobsOf(exported, rollouts, full)).toEqual(after);
    exported.close();
    const finer = await openGpuSession(platform, { ...full, baseDtype: "f32" }, { frozen: true });
    await finer.restore(files);
    expect(await logprobsOf(finer, rollouts, full)).not.toEqual(after);
    finer.close();
  });

  test("go on from a checkpoint with the same bits", async () => {
    const resumed = await openGpuSession(platform, full);
    await resumed.restore(files);
    expect(await logprobsOf(resumed, rollouts, full)).toEqual(after);
    const again = await resumed.checkpoint();
    for (const { name, bytes } of files.filter((file) => file.name.endsWith(".safetensors"))) {
      const other = again.files.find((file) => file.name === name)!.bytes;
      expect(other.length, name).toBe(bytes.length);
      expect(
        bytes.findIndex((byte, at) => byte !== other[at]),
        name,
      ).toBe(-1);
    }
    resumed.close();
  });
});

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
