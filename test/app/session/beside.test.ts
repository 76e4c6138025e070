import { expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import type { Session } from "../../../src/app/session/session.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { weightsOnly } from "../../../src/train/checkpoint.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TokenMeasure } from "../../../src/train/inspect.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { platform } from "../../support/shipped.ts";

const plain = resolveConfig({ seed: 5, steps: 2, tasksPerStep: 1, rolloutsPerTask: 2, learningRate: 1e-3 });

/** One rollout of a run's first step, the run behind it, and its checkpoint after the first step. */
async function trained(config: RunConfig) {
  const session = await openGpuSession(platform, config);
  let task: Task | undefined;
  let rollout: Rollout | undefined;
  let asked: TokenMeasure[] = [];
  let checkpoint: Awaited<ReturnType<Session["checkpoint"]>> | undefined;
  const ask = (of: Session) => of.rollouts.measures(rollout!, task!, config);
  for await (const event of session.train()) {
    if (event.type === "tasks") task ??= event.tasks[0];
    // Not updated yet: the weights are those that the run began with.
    if (event.type === "group" && !rollout) {
      rollout = event.rollouts[0];
      asked = await ask(session);
    }
    if (event.type === "update") checkpoint ??= await session.checkpoint();
  }
  return { session, ask, atStart: asked, checkpoint: checkpoint!, rollout: rollout!, task: task! };
}

test.each([
  ["all weights", plain],
  ["an adapter", { ...plain, loraRank: 2 }],
])("beside a run that trains %s, its first weights and those of a checkpoint answer as they did", async (_, config) => {
  const { session, ask, atStart, checkpoint, rollout, task } = await trained(config);
  const now = await ask(session);
  expect(now).not.toEqual(atStart);
  const held = session.gpu.pool.peak.bytes;
  const beside = await session.beside();
  expect(await ask(beside)).toEqual(atStart);
  expect(await beside.restore(checkpoint.files)).toBe(1);
  const afterOne = await ask(beside);
  expect(afterOne).not.toEqual(atStart);
  expect(afterOne).not.toEqual(now);
  // What is compared is what each answers alone; the weights that wrote it give what was sampled, bit by bit.
  const compared = await session.rollouts.measures(rollout, task, config, beside);
  expect(compared.map(({ other: _, ...own }) => ({ ...own, other: null }))).toEqual(now);
  expect(compared.map(({ other }) => other?.logprob)).toEqual(afterOne.map(({ logprob }) => logprob));
  expect(Math.max(...compared.map(({ other }) => other!.kl))).toBeGreaterThan(1e-9);
  const written = rollout.segments.flatMap(({ source, logprobs }) => (source === "model" ? logprobs : []));
  expect(atStart.map(({ logprob }) => logprob)).toEqual(written);
  // Without the optimizer, as weights of earlier steps are kept: the same, but a run cannot go on from it.
  await beside.restore(weightsOnly(checkpoint.files));
  expect(await ask(beside)).toEqual(afterOne);
  await expect(session.restore(weightsOnly(checkpoint.files))).rejects.toThrow("optimizer.safetensors");
  // The weights under an adapter are shared.
  const weightBytes = session.qwen.parameters.count * 4;
  if (config.loraRank > 0) expect(session.gpu.pool.peak.bytes - held).toBeLessThan(weightBytes);
  // It samples too, and what it gives back can be used again.
  for await (const { rollouts } of beside.roll({ tasks: 1, rolloutsPerTask: 1, greedy: true }))
    expect(rollouts[0]!.segments.length).toBeGreaterThan(1);
  beside.close();
  const peaks = [];
  for (let i = 0; i < 3; i++) {
    const again = await session.beside();
    await ask(again);
    again.close();
    peaks.push(session.gpu.pool.peak.bytes);
  }
  expect(peaks[2]).toBe(peaks[1]);
  // The run's own weights are as they were.
  expect(await ask(session)).toEqual(now);
  await session.restore(checkpoint.files);
  expect(await ask(session)).toEqual(afterOne);
  session.close();
});
