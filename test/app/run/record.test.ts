import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunFolder, resumeRunFolder } from "../../../src/app/deno/storage/run_folder.ts";
import { configText, recordRun, reopenRun } from "../../../src/app/run/record.ts";
import { logUpTo } from "../../../src/app/run/run_log.ts";
import { DroppedFiles } from "../../../src/app/web/browser/dropped_files.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { readTrainerState } from "../../../src/train/trainer_state.ts";
import { droppedPlatform } from "../../support/dropped_platform.ts";
import { fakeSession } from "../../support/fake_session.ts";

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
    const { config: reopened, files, notices } = await reopenRun(store, changes, droppedPlatform(new DroppedFiles()));
    const session = fakeSession(reopened);
    return await record(store, session, reopened, files ? await session.restore(files) : 0, undefined, notices);
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
  notices: string[] = [],
): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const event of recordRun(session, store, {
      saveEvery: wanted.saveEvery,
      resumedAt,
      notices,
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

test("a run that was killed between its last checkpoint and its last word is done, and its log says so", async () => {
  await begin();
  const log = await Deno.readTextFile(`${folder}/events.jsonl`);
  for (const left of [log.lastIndexOf('{"type":"end"'), log.lastIndexOf('{"type":"checkpoint"'), log.length - 5]) {
    await Deno.writeTextFile(`${folder}/events.jsonl`, log.slice(0, left));
    await expect(goOn()).rejects.toThrow("has made 6 steps of 6 already; ask for more with --steps");
    expect(await Deno.readTextFile(`${folder}/events.jsonl`)).toBe(log);
  }
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

test("a damaged configuration is reported, and the log stays as it is", async () => {
  await begin();
  for (const [text, sentence] of [
    ["{", 'config.json: expected a JSON object, found "{"; put a whole one back'],
    ['{"seed": "x"}', "config.json: seed must be a number"],
  ] as const) {
    await Deno.writeTextFile(`${folder}/config.json`, text);
    await expect(goOn()).rejects.toThrow(sentence);
  }
  expect((await logged()).map(short)).toEqual(whole);
});

describe("the log of a checkpoint", () => {
  const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const head = { type: "run", config };
  const update = (step: number) => ({ type: "update", step, metrics: { reward: step } });
  const saved = (step: number) => ({ type: "checkpoint", step, path: "here" });
  const nothing = { steps: [], evaluations: [] };
  const upTo = (log: string, step: number) => logUpTo(log, step, { place: "here", config });

  test("ends after the checkpoint's own line; what is cut off is kept", () => {
    const sampled = { type: "eval", step: 2, greedy: false, metrics: { zoom_rate: 0.5 } };
    const greedy = { ...sampled, greedy: true };
    const upTo2 = lines(head, update(1), update(2), sampled, greedy, saved(2));
    const made = { steps: [{ reward: 1 }, { reward: 2 }], evaluations: [{ zoom_rate: 0.5 }] };
    expect(upTo(upTo2 + lines({ type: "end", step: 2 }), 2)).toEqual({ text: upTo2, cut: "", made, notice: null });
    const more = lines({ type: "tasks", step: 3 }, update(3));
    expect(upTo(upTo2 + more, 2)).toEqual({ text: upTo2, cut: more.trimEnd(), made, notice: null });
    const torn = `${upTo2}{"type":"upd`;
    expect(upTo(torn, 2)).toEqual({ text: upTo2, cut: '{"type":"upd', made, notice: null });
  });

  test("says that there is a checkpoint where the process died before it could", () => {
    const log = lines(head, update(1), update(2), { type: "alarm", step: 2 }, { type: "eval", step: 2 });
    expect(upTo(log + lines({ type: "tasks", step: 3 }), 2).text).toBe(log + lines(saved(2)));
  });

  test.each([
    ["cut off in its last line", (log: string) => log.slice(0, -20)],
    ["cut off at its last newline", (log: string) => log.slice(0, -1)],
    ["with zeros at its end", (log: string) => log + "\0".repeat(512)],
    ["with zeros in the place of its end", (log: string) => log.slice(0, -20) + "\0".repeat(20)],
  ])("%s", (_, damage) => {
    const log = lines(head, update(1), update(2), saved(2));
    expect(upTo(damage(log), 2)).toMatchObject({ text: log, notice: null });
  });

  test("that ends too early: what is lost is reported, and no half of a step stays", () => {
    const log = lines(head, update(1), saved(1), { type: "tasks", step: 2 });
    const notice = (lost: string) =>
      `The log can be read up to step 1, the checkpoint was made after step ${lost} lost, the weights are not`;
    const text = lines(head, update(1), saved(1));
    expect(upTo(log, 2)).toMatchObject({ text, notice: notice("2: the events of step 2 are") });
    expect(upTo(log, 4)).toMatchObject({ text, notice: notice("4: the events of steps 2 to 4 are") });
    // A line in the middle: what follows it cannot be distinguished from another run's.
    const bad = `${text}oops\n${lines(update(2), saved(2))}`;
    expect(upTo(bad, 2)).toMatchObject({ text, cut: `oops\n${lines(update(2), saved(2))}` });
    expect(upTo(lines(head), 2)).toMatchObject({ text: lines(head), made: nothing });
  });

  test("that is gone, no log, or another run's is put aside", () => {
    const rest = "the weights go on from step 2; its events before that are lost";
    expect(upTo("", 2)).toEqual({
      text: "",
      cut: "",
      made: nothing,
      notice: `The log holds nothing that can be read; ${rest}`,
    });
    expect(upTo("\0".repeat(4096), 2)).toMatchObject({ text: "", cut: "" });
    const other = lines({ type: "run", config: { ...config, seed: 5, steps: 9 } }, update(1), update(2), saved(2));
    expect(upTo(other, 2)).toEqual({
      text: "",
      cut: other,
      made: nothing,
      notice: `The log is not this run's (seed is 5 there and 0 here); ${rest}`,
    });
    expect(upTo(lines(update(2), saved(2)), 2).notice).toContain('it begins with "update"');
  });

  test("of a warm-up", () => {
    const made = lines({ type: "warmup", step: 1 }, { type: "warmup", step: 2 });
    expect(upTo(made + lines(saved(2), { type: "warmup", step: 3 }), 2)).toMatchObject({
      text: made + lines(saved(2)),
      notice: null,
    });
    expect(upTo(made, 1)).toMatchObject({ text: lines({ type: "warmup", step: 1 }), notice: null });
    expect(upTo(made, 3).notice).toContain("The log has 2 of 3 steps");
  });
});

describe("a damaged checkpoint", () => {
  const damage = async (change: (path: string) => Promise<void>) => {
    await begin({}, { ...config, evalEvery: 0 });
    await change(`${folder}/checkpoint`);
  };
  const cut = (name: string) => async (path: string) => {
    const bytes = await Deno.readFile(`${path}/${name}`);
    await Deno.writeFile(`${path}/${name}`, bytes.subarray(0, bytes.length - 3));
  };
  const changed = async (path: string) => {
    const bytes = await Deno.readFile(`${path}/optimizer.safetensors`);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(`${path}/optimizer.safetensors`, bytes);
  };
  test.each([
    ["a file cut off", cut("model.safetensors")],
    ["its state cut off", cut("trainer_state.json")],
    ["a file missing", (path: string) => Deno.remove(`${path}/optimizer.safetensors`)],
    ["one bit changed", changed],
  ])("%s: the run goes on from the one before, to the same end", async (_, change) => {
    await damage(change);
    const seen = await goOn();
    expect(seen.slice(0, 3)).toEqual(["run", "alarm 4", "tasks 5"]);
    const events = await logged();
    expect(events.find((event) => event.type === "alarm")).toMatchObject({
      message: expect.stringMatching(
        /^The last checkpoint in .* is damaged \(.*\); the run goes on from the one before, of step 4$/,
      ),
    });
    expect(events.filter((event) => event.type === "update").at(-1)).toMatchObject({ metrics: { reward: 21 } });
    expect(await Deno.readTextFile(`${folder}/events.cut.jsonl`)).toContain('"type":"update","step":6');
    await expect(Deno.stat(`${folder}/checkpoint.damaged`)).resolves.toBeDefined();
  });

  test("and none before it: nothing is written", async () => {
    await damage(changed);
    await Deno.remove(`${folder}/checkpoint.previous`, { recursive: true });
    const before = await Deno.readTextFile(`${folder}/events.jsonl`);
    await expect(goOn({ steps: 8 })).rejects.toThrow(
      /^The checkpoint in .* is damaged, and there is no whole one before it: optimizer.safetensors: expected the bytes that were written/,
    );
    expect(await Deno.readTextFile(`${folder}/events.jsonl`)).toBe(before);
  });
});

test("a run that ends for its judge keeps a checkpoint and a log to go on from", async () => {
  const store = await createRunFolder(folder);
  await store.writeConfig(configText(config));
  const session = fakeSession(config);
  const whole = session.train.bind(session);
  session.train = async function* () {
    for await (const event of whole()) {
      // In the fourth step, whose tasks have been reported already.
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
