import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunFolder, resumeRunFolder } from "../../src/app/deno/run_folder.ts";
import { configText, recordRun, reopenRun } from "../../src/app/record.ts";
import { logUpTo } from "../../src/app/run_log.ts";
import { readTrainerState } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { fakeSession } from "../support/fake_session.ts";

let folder: string;
beforeEach(async () => {
  folder = `${await Deno.makeTempDir()}/run`;
});
afterEach(() => Deno.remove(folder.slice(0, -4), { recursive: true }));

const config = resolveConfig({ steps: 6, saveEvery: 2, evalEvery: 2 });
/** "update 3" and so on. */
const short = (event: TrainEvent) => `${event.type}${"step" in event ? ` ${event.step}` : ""}`;
const logged = async () =>
  (await Deno.readTextFile(`${folder}/events.jsonl`))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);

async function begin(
  options: { failAt?: number; stopAt?: string } = {},
  wanted: RunConfig = config,
): Promise<string[]> {
  const store = await createRunFolder(folder);
  await store.writeConfig(configText(wanted));
  return record(store, fakeSession(wanted, options), wanted, 0, options.stopAt);
}
async function goOn(changes: Partial<RunConfig> = {}): Promise<string[]> {
  const store = await resumeRunFolder(folder);
  try {
    const { config: reopened, files } = await reopenRun(store, changes);
    const session = fakeSession(reopened);
    return await record(store, session, reopened, files ? await session.restore(files) : 0);
  } finally {
    await store.close();
  }
}
async function record(
  store: Awaited<ReturnType<typeof createRunFolder>>,
  session: ReturnType<typeof fakeSession>,
  wanted: RunConfig,
  resumedAt: number,
  stopAt?: string,
): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const event of recordRun(session, store, {
      saveEvery: wanted.saveEvery,
      resumedAt,
      stopping: () => seen.at(-1) === stopAt,
    }))
      seen.push(short(event));
    return seen;
  } finally {
    await store.close();
  }
}

const step = (n: number) => [`tasks ${n}`, `group ${n}`, `update ${n}`];
const whole = [
  "run",
  ...step(1),
  ...step(2),
  "eval 2",
  "checkpoint 2",
  ...step(3),
  ...step(4),
  "eval 4",
  "checkpoint 4",
  ...step(5),
  ...step(6),
  "eval 6",
  "checkpoint 6",
  "end 6",
];

test("a run is logged without its progress, with a checkpoint every so many steps", async () => {
  const seen = await begin();
  expect(seen).toContain("decode 3");
  expect((await logged()).map(short)).toEqual(whole);
});

test("a checkpoint at the end, also where the last step is none to save at", async () => {
  expect((await begin({}, { ...config, steps: 3, evalEvery: 0 })).slice(-2)).toEqual(["checkpoint 3", "end 3"]);
});

describe("an interrupted run goes on to the same log", () => {
  const withoutHeads = (events: string[]) => events.filter((event) => event !== "run");

  test.each([
    ["by a person, after an update", { stopAt: "update 3" }, ["checkpoint 3", "end 3"]],
    ["by a person, within a step", { stopAt: "decode 4" }, ["checkpoint 3", "end 3"]],
    ["by a person, right after a checkpoint", { stopAt: "tasks 3" }, ["checkpoint 2", "end 2"]],
  ])("%s", async (_, options, last) => {
    expect((await begin(options)).filter((event) => /checkpoint|end/.test(event)).slice(-2)).toEqual(last);
    expect(await goOn()).not.toContain("tasks 1");
    const events = (await logged()).map(short);
    expect(withoutHeads(events).filter((e) => e !== "checkpoint 3")).toEqual(withoutHeads(whole));
    expect((await logged()).at(-3)).toMatchObject({ type: "eval" });
    const [, final] = (await logged()).filter((e) => e.type === "update").slice(-2);
    expect(final).toMatchObject({ metrics: { reward: 21 } });
  });

  test("by an error within a step", async () => {
    await expect(begin({ failAt: 4 })).rejects.toThrow("The GPU device was lost");
    expect((await logged()).at(-1)).toEqual({
      type: "end",
      step: 3,
      reason: "failed",
      message: "The GPU device was lost",
    });
    await goOn();
    expect(withoutHeads((await logged()).map(short))).toEqual(withoutHeads(whole));
    expect((await logged()).filter((e) => e.type === "update").at(-1)).toMatchObject({ metrics: { reward: 21 } });
  });

  test("by a kill: lines after the checkpoint, the last of them cut", async () => {
    await begin({ stopAt: "update 2" });
    const log = await Deno.readTextFile(`${folder}/events.jsonl`);
    await Deno.writeTextFile(`${folder}/events.jsonl`, `${log}{"type":"tasks","step":3,"tasks":[]}\n{"type":"upd`);
    await goOn();
    expect(withoutHeads((await logged()).map(short))).toEqual(withoutHeads(whole).filter((e) => e !== "eval 2"));
  });

  test("by a kill before the first checkpoint: from the beginning", async () => {
    const store = await createRunFolder(folder);
    await store.writeConfig(configText(config));
    await store.appendLog(['{"type":"run"}', '{"type":"tasks","step":1,"tasks":[]}']);
    await store.close();
    await goOn();
    expect((await logged()).map(short)).toEqual(whole);
  });
});

test("a finished run goes on with more steps, and with knobs that apply at the next step only", async () => {
  await begin();
  await expect(goOn()).rejects.toThrow(`The run in ${folder} has made 6 steps of 6 already; ask for more with --steps`);
  await expect(goOn({ steps: 8, objects: 2 })).rejects.toThrow(
    "objects cannot change in a run that has begun: it is 4",
  );
  expect((await logged()).map(short)).toEqual(whole);
  expect((await goOn({ steps: 8, learningRate: 1e-5, objects: 4 })).slice(-2)).toEqual(["checkpoint 8", "end 8"]);
  const stored = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  expect([stored.steps, stored.learningRate]).toEqual([8, 1e-5]);
  const store = await resumeRunFolder(folder);
  expect(readTrainerState((await store.readCheckpoint())!)).toMatchObject({ step: 8, config: stored });
  await store.close();
});

test("a damaged configuration is said, and the log stays as it is", async () => {
  await begin();
  for (const [text, sentence] of [
    ["{", "config.json: expected a JSON object, found {"],
    ['{"seed": "x"}', "config.json: seed must be a number"],
  ]) {
    await Deno.writeTextFile(`${folder}/config.json`, text);
    await expect(goOn()).rejects.toThrow(sentence);
  }
  expect((await logged()).map(short)).toEqual(whole);
});

describe("the log of a checkpoint", () => {
  const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const update = (step: number) => ({ type: "update", step });

  test("ends after the checkpoint's own line, or after the step where the process died before it", () => {
    const upTo2 = lines({ type: "run" }, update(1), update(2), { type: "eval", step: 2 });
    expect(logUpTo(upTo2 + lines({ type: "tasks", step: 3 }, update(3)), 2)).toBe(upTo2);
    const saved = upTo2 + lines({ type: "checkpoint", step: 2 });
    expect(logUpTo(saved + lines({ type: "end", step: 2 }), 2)).toBe(saved);
  });

  test("must reach the checkpoint, and be JSON", () => {
    expect(() => logUpTo(lines(update(1)), 2)).toThrow("The log does not reach step 2");
    expect(() => logUpTo(`${lines(update(1))}oops\n${lines(update(2))}`, 2)).toThrow(
      "Line 2 of the log is not JSON: oops",
    );
  });
});

test("a run that ends for its judge keeps a checkpoint and a log to go on from", async () => {
  const store = await createRunFolder(folder);
  await store.writeConfig(configText(config));
  const session = fakeSession(config);
  const whole = session.train.bind(session);
  session.train = async function* () {
    for await (const event of whole()) {
      // In the fourth step, whose tasks are told already.
      if (event.type === "group" && event.step === 4) break;
      yield event;
    }
    yield { type: "end", step: 3, reason: "failed", message: "the key is refused" };
  };
  const seen = await record(store, session, config, 0);
  expect(seen.slice(-3)).toEqual(["decode 4", "checkpoint 3", "end 3"]);
  expect((await logged()).map(short).slice(-3)).toEqual(["update 3", "checkpoint 3", "end 3"]);
  expect((await goOn()).slice(0, 2)).toEqual(["run", "tasks 4"]);
});

test("a run that waits for its judge ends with its signal, and is saved", async () => {
  const store = await createRunFolder(folder);
  await store.writeConfig(configText(config));
  const session = fakeSession(config);
  const whole = session.train.bind(session);
  session.train = async function* (signal) {
    for await (const event of whole()) {
      if (event.type === "group" && event.step === 4) {
        await new Promise<void>((resolve) => signal!.addEventListener("abort", () => resolve()));
        return;
      }
      yield event;
    }
  };
  const stop = new AbortController();
  const seen: string[] = [];
  const options = { saveEvery: 6, resumedAt: 0, stopping: () => stop.signal.aborted, signal: stop.signal };
  for await (const event of recordRun(session, store, options)) {
    seen.push(short(event));
    if (seen.at(-1) === "tasks 4") setTimeout(() => stop.abort(), 10);
  }
  await store.close();
  expect(seen.slice(-3)).toEqual(["decode 4", "checkpoint 3", "end 3"]);
  expect((await logged()).at(-1)).toEqual({ type: "end", step: 3, reason: "stopped" });
});
