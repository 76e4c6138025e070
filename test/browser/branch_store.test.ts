import { afterEach, expect, test, vi } from "vitest";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { rootOf } from "../../src/app/worker_api/branch_api.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeSession } from "../support/fake_session.ts";

const platform = openBrowserPlatform(new URL("/", location.href).href);
const config = resolveConfig({ seed: 41, steps: 3, saveEvery: 9 });
const tree = "a run of branch_store";
const task = { id: "needle/0", source: "needle", question: "What digit?", answer: "7", imageSizesPx: [] };
const rollout = {
  id: "1·0·0",
  step: 1,
  taskIndex: 0,
  rolloutIndex: 0,
  task: "needle/0",
  segments: [{ source: "model" as const, tokens: [1, 2], logprobs: [-1, -1], entropies: [1, 1], images: [] }],
  calls: [],
  end: "answer" as const,
  answer: "7",
  reward: null,
  advantage: null,
};

/** A worker whose sessions branch: what is changed becomes the whole rollout. `busy` tells when one is at work. */
function newWorker(busy: (work: "branch" | "done") => Promise<void> | void = () => {}) {
  return new RunWorker(platform, async (_, wanted) => {
    const session = fakeSession(wanted);
    session.texts = (tokens) => tokens.map((token) => `<${token}>`);
    session.rollouts.branch = async ({ rollout: of, task: about, id, what, denied }) => {
      await busy("branch");
      const place = what.kind === "question" ? 0 : what.at;
      await busy("done");
      return { rollout: { ...of, id, answer: String(denied) }, task: about, place, answerProbability: 0.5 };
    };
    return session;
  });
}

const asked = (more: object = {}) => ({
  rollout,
  task,
  config,
  what: { kind: "token" as const, at: 1, token: 9 },
  seed: null,
  greedy: true,
  of: null,
  tree,
  ...more,
});

afterEach(async () => {
  const worker = newWorker();
  const kept = await worker.rollouts.branches(tree);
  await worker.rollouts.removeBranches(
    tree,
    kept.map(({ id }) => id),
  );
  for (const { name, seed } of await worker.models()) if (seed === config.seed) await worker.removeModel(name);
  for (const { name, seed } of await worker.runs()) if (seed === config.seed) await worker.remove(name);
});

test("branches are kept beside a run, linked to what they left, and go where they are removed", async () => {
  const worker = newWorker();
  await expect(worker.rollouts.branch(asked())).rejects.toThrow("The model is not open yet");
  await worker.open(config, { trace: false });
  const first = (await worker.rollouts.branch(asked())).branch;
  expect(first).toMatchObject({ id: "1·0·0~1", parent: "1·0·0", place: 1, tokenText: "<9>", deniedFrom: null, tree });
  // Two that are asked for at once have ids of their own.
  const more = await Promise.all([
    worker.rollouts.branch(asked({ what: { kind: "deny", at: 1 } })),
    worker.rollouts.branch(asked({ rollout: first.rollout, of: first })),
  ]);
  expect(more.map(({ branch }) => [branch.id, branch.parent, branch.deniedFrom])).toEqual([
    ["1·0·0~2", "1·0·0", 1],
    ["1·0·0~3", "1·0·0~1", null],
  ]);
  const denied = more[0]!.branch;
  const child = (await worker.rollouts.branch(asked({ rollout: denied.rollout, of: denied }))).branch;
  expect(child).toMatchObject({ id: "1·0·0~4", deniedFrom: 1, rollout: { answer: "true" } });
  const before = (
    await worker.rollouts.branch(
      asked({ rollout: denied.rollout, of: denied, what: { kind: "token", at: 0, token: 9 } }),
    )
  ).branch;
  expect(before).toMatchObject({ deniedFrom: null, rollout: { answer: "false" } });

  // Another visit.
  const other = newWorker();
  const kept = await other.rollouts.branches(tree);
  expect(kept.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5].map((n) => `1·0·0~${n}`));
  expect(kept.every(({ id }) => rootOf(id) === rollout.id)).toBe(true);
  expect(kept[0]).toEqual(first);
  await other.rollouts.removeBranches(tree, ["1·0·0~2", "1·0·0~4"]);
  expect((await other.rollouts.branches(tree)).map(({ id }) => id)).toEqual(["1·0·0~1", "1·0·0~3", "1·0·0~5"]);
  expect(await other.rollouts.branches(`${tree} and another`)).toEqual([]);
});

test("a run waits while a branch is made, and its branches go with it", async () => {
  const order: string[] = [];
  const worker = newWorker(async (work) => {
    order.push(work);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await worker.open(config, { trace: false });
  const run = await worker.start(config);
  const next = () =>
    worker.next().then((event) => {
      order.push(event!.type);
    });
  await next();
  await Promise.all([worker.rollouts.branch(asked({ tree: run })), next(), next()]);
  expect(order).toEqual(["run", "branch", "done", "tasks", "decode"]);
  await worker.stop();
  expect(await worker.rollouts.branches(run)).toHaveLength(1);
  await worker.remove(run);
  expect(await worker.rollouts.branches(run)).toEqual([]);
});

test("a branch that cannot be kept has an id of its own, and so has what takes the place of a removed one", async () => {
  const worker = newWorker();
  await worker.open(config, { trace: false });
  const made = async () => worker.rollouts.branch(asked());
  const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  const full = await made();
  put.mockRestore();
  expect(full).toMatchObject({ branch: { id: "1·0·0~1", rollout: { id: "1·0·0~1" } } });
  expect(full.notKept).toMatch(/^The browser's storage is full: the branch 1 could not be written/);
  const other = await made();
  expect(other).toMatchObject({ branch: { id: "1·0·0~2", rollout: { id: "1·0·0~2" } }, notKept: null });
  await worker.rollouts.removeBranches(tree, [other.branch.id]);
  // A link to the removed one must not lead here.
  expect((await made()).branch.id).toBe("1·0·0~3");
});

test("two tabs keep the branches of both", async () => {
  const tabs = [newWorker(), newWorker()];
  for (const tab of tabs) await tab.open(config, { trace: false });
  const made = await Promise.all(tabs.map((tab) => tab.rollouts.branch(asked())));
  expect(made.map(({ branch }) => branch.id).sort()).toEqual(["1·0·0~1", "1·0·0~2"]);
  for (const { branch } of made) expect(branch.rollout.id).toBe(branch.id);
  expect((await tabs[0]!.rollouts.branches(tree)).map(({ id }) => id).sort()).toEqual(["1·0·0~1", "1·0·0~2"]);
});

test("a branch of a run that was removed is not left behind for the next run of its name", async () => {
  const worker = newWorker();
  await worker.open(config, { trace: false });
  const run = await worker.start(config);
  await worker.stop();
  await worker.remove(run);
  const { branch, notKept } = await worker.rollouts.branch(asked({ tree: run, run, weights: "now" }));
  expect(branch.id).toBe("1·0·0~1");
  expect(notKept).toBe(`The browser refused to store the branch 1 (the run "${run}" was removed)`);
  expect(await worker.rollouts.branches(run)).toEqual([]);
});

test("weights of a warm-up that is under way are not asked", async () => {
  const worker = newWorker();
  await worker.startWarmup(config, { resume: false });
  await expect(worker.rollouts.branch(asked())).rejects.toThrow("A warm-up is under way");
  await worker.stopWarmup();
});
