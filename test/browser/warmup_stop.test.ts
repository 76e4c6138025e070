import { expect, test } from "vitest";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { resolveConfig } from "../../src/train/config.ts";

const platform = openBrowserPlatform(new URL("/", location.href).href);

test("a warm-up stops within a step, which takes minutes on a software adapter, and the device is free again", async () => {
  const config = resolveConfig({ seed: 31, tasksPerStep: 1, rolloutsPerTask: 2, maxToolCalls: 0, firstTurnTokens: 3 });
  const worker = new RunWorker(platform, openGpuSession);
  await worker.startWarmup(config, { resume: false });
  const first = worker.nextWarmup();
  // Into the passes of the first step.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await worker.stopWarmup();
  expect(await first).toBeNull();
  expect((await worker.models()).filter(({ seed }) => seed === config.seed)).toEqual([]);
  await worker.start(config);
  expect(await worker.next()).toMatchObject({ type: "run", resumedAt: 0 });
  expect(await worker.next()).toMatchObject({ type: "tasks" });
  const [run] = (await worker.runs()).filter(({ seed }) => seed === config.seed);
  await worker.stop();
  await worker.remove(run!.name);
});
