import { describe, expect, test, vi } from "vitest";
import { RunRecorder } from "../../../src/app/run/run_recorder.ts";
import type { NamedBytes, RunStore } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { ChangeAtStep, TrainEvent } from "../../../src/train/events.ts";
import { readTrainerState } from "../../../src/train/trainer_state.ts";
import { fakeSession } from "../../support/fake_session.ts";

const config = resolveConfig({ steps: 6, saveEvery: 3, evalEvery: 0 });

class Full extends Error {}

/** A store in memory that has room or not. */
function memoryStore() {
  const store = {
    full: false,
    lines: [] as string[],
    files: null as NamedBytes[] | null,
    place: "memory",
    readConfig: async () => "",
    writeConfig: async () => {},
    readLog: async () => store.lines.join("\n"),
    async appendLog(lines: readonly string[]) {
      if (lines.length > 0 && store.full) throw new Full("no room for the log");
      store.lines.push(...lines);
    },
    replaceLog: async () => {},
    readCheckpoint: async () => store.files,
    async writeCheckpoint(files: readonly NamedBytes[]) {
      if (store.full) throw new Full("no room for the checkpoint");
      store.files = [...files];
    },
    close: async () => {},
  };
  return store satisfies RunStore;
}

const short = (event: TrainEvent) => `${event.type}${"step" in event ? ` ${event.step}` : ""}`;
const logged = ({ lines }: { lines: string[] }) => lines.map((line) => short(JSON.parse(line)));
const savedStep = ({ files }: { files: NamedBytes[] | null }) => files && readTrainerState(files).step;

function recording(
  options: {
    steps?: number;
    failAt?: number;
    upcoming?: ChangeAtStep[];
    mostUnsavedMs?: number;
    sparing?: boolean;
  } = {},
) {
  const store = memoryStore();
  const session = fakeSession({ ...config, steps: options.steps ?? config.steps }, options);
  const recorder = new RunRecorder(session, store, {
    saveEvery: config.saveEvery,
    resumedAt: 0,
    stopping: () => false,
    upcoming: options.upcoming,
    mostUnsavedMs: options.mostUnsavedMs,
    sparing: options.sparing ?? false,
    tolerates: (error) => error instanceof Full,
  });
  const events = recorder.events();
  /** Pulls up to an event, "update 2" and so on; all of them without one. */
  const pull = async (last?: string): Promise<string[]> => {
    const seen: string[] = [];
    while (seen.length === 0 || seen.at(-1) !== last) {
      const next = await events.next();
      if (next.done) break;
      seen.push(short(next.value));
    }
    return seen;
  };
  return { store, session, recorder, pull };
}

describe("saving between two events", () => {
  test("writes the last step that was made, and its line before those of the step under way", async () => {
    const { store, recorder, pull } = recording();
    expect(await recorder.save()).toBeNull();
    await pull("update 1");
    expect(await recorder.save()).toMatchObject({ type: "checkpoint", step: 1 });
    expect(await recorder.save()).toBeNull();
    await pull("group 3");
    expect(recorder.unsaved).toBe(true);
    expect(await recorder.save()).toMatchObject({ type: "checkpoint", step: 2 });
    expect(savedStep(store)).toBe(2);
    expect(recorder.unsaved).toBe(false);
    expect(logged(store).slice(-2)).toEqual(["update 2", "checkpoint 2"]);
    await pull("update 3");
    expect(logged(store).slice(-4)).toEqual(["checkpoint 2", "tasks 3", "group 3", "update 3"]);
    await pull();
    expect(logged(store).slice(-2)).toEqual(["checkpoint 6", "end 6"]);
  });
});

test("a step that ends long after the last checkpoint is saved, whatever its number", async () => {
  let nowMs = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  try {
    const { store, pull } = recording({ mostUnsavedMs: 1000 });
    await pull("update 1");
    nowMs = 900;
    await pull("update 2");
    nowMs = 1100;
    await pull("update 5");
    nowMs = 2200;
    await pull();
    const saved = logged(store).filter((line) => line.startsWith("checkpoint"));
    expect(saved).toEqual(["checkpoint 2", "checkpoint 3", "checkpoint 5", "checkpoint 6"]);
  } finally {
    clock.mockRestore();
  }
});

test.each([
  ["after step 3 it takes 100 ms: 1,900 must pass, which they have after step 9", 100, 10, 8, 1900, [3, 9, 15]],
  ["where it takes a minute, ten seconds must pass", 60_000, 4000, 0, 0, [3, 6, 9, 12, 15]],
])(
  "saving takes a twentieth of a run's time, but for the last step: %s",
  async (_, savingMs, stepMs, long, longMs, all) => {
    let nowMs = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    try {
      const { store, pull } = recording({ steps: 15, sparing: true });
      const write = store.writeCheckpoint;
      store.writeCheckpoint = async (files) => {
        nowMs += savingMs;
        await write(files);
      };
      for (let step = 1; step <= 14; step++) {
        await pull(`update ${step}`);
        nowMs += step === long ? longMs : stepMs;
      }
      await pull();
      const saved = logged(store).filter((line) => line.startsWith("checkpoint"));
      expect(saved).toEqual(all.map((step) => `checkpoint ${step}`));
    } finally {
      clock.mockRestore();
    }
  },
);

describe("a full disk", () => {
  test("ends no run: it is reported once, and all is written when there is space", async () => {
    const whole = recording();
    await whole.pull();

    const { store, recorder, pull } = recording();
    await pull("update 1");
    store.full = true;
    const seen = await pull("update 5");
    expect(seen.filter((event) => event.startsWith("alarm"))).toEqual(["alarm 3"]);
    expect(seen).not.toContain("checkpoint 3");
    await expect(recorder.save()).rejects.toThrow("no room for the log");
    expect(savedStep(store)).toBeNull();
    expect(recorder.unsaved).toBe(true);
    store.full = false;
    expect(await recorder.save()).toMatchObject({ type: "checkpoint", step: 5 });
    await pull();
    expect(logged(store).filter((line) => !line.startsWith("checkpoint"))).toEqual(
      logged(whole.store).filter((line) => !line.startsWith("checkpoint")),
    );
    expect(store.files).toEqual(whole.store.files);
  });

  test("at the end leaves the run to be saved later", async () => {
    const { store, recorder, pull } = recording();
    await pull("update 4");
    store.full = true;
    expect((await pull()).at(-1)).toBe("end 6");
    expect(savedStep(store)).toBe(3);
    expect(recorder.unsaved).toBe(true);
    store.full = false;
    expect(await recorder.save()).toMatchObject({ type: "checkpoint", step: 6 });
    expect(savedStep(store)).toBe(6);
    expect(recorder.unsaved).toBe(false);
  });

  test("is no excuse for other errors", async () => {
    const { store, pull } = recording();
    store.appendLog = async () => {
      throw new Error("the disk is gone");
    };
    await expect(pull()).rejects.toThrow("the disk is gone");
  });
});

test("changes that were made before an interruption are made again at their steps, and stand in the head", async () => {
  const upcoming = [{ step: 2, changes: { learningRate: 1e-3, saveEvery: 1 } }];
  const { store, session, pull } = recording({ upcoming });
  const made: object[] = [];
  session.change = (changes) => void made.push(changes);
  await pull("group 2");
  expect(made).toEqual([]);
  await pull("update 2");
  expect(made).toEqual([upcoming[0]!.changes]);
  expect(JSON.parse(store.lines[0]!)).toMatchObject({ type: "run", upcoming });
  await pull();
  expect(made).toHaveLength(1);
});
