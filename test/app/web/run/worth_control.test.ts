import { describe, expect, test } from "vitest";
import { emptyRun, foldAll } from "../../../../src/app/web/run/run_state.ts";
import { Store } from "../../../../src/app/web/run/store.ts";
import { WorthControl } from "../../../../src/app/web/run/worth_control.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../../../support/fake_run.ts";

const config = resolveConfig({ seed: 7, steps: 3, tasksPerStep: 3, rolloutsPerTask: 4 });
const state = foldAll(fakeEvents(config));

/** A page's store over a run of others, or over one of its own. */
function opened(replay: "recording" | "stored" | null) {
  const store = new Store();
  const fake = new FakeRun();
  if (replay)
    store.replay.value = {
      name: "recorded",
      link: "recorded",
      origin: replay,
      about: null,
      state,
      steps: 3,
      begun: "",
      playing: false,
      files: [],
      unreadKnobs: new Set(),
      savedStep: null,
      standIns: { data: null, model: null },
    };
  else store.live.value = state;
  store.opened.value = { adapter: "Fake", software: false, model: { name: "needle", parameters: 1 } };
  return { store, fake, worth: new WorthControl(fake, store) };
}

const zoomed = state.steps.at(-1)!.groups[1]!.find(({ calls, answer }) => calls.length > 0 && answer !== null)!;
const chosen = { rollout: zoomed, task: state.steps.at(-1)!.tasks[1]!, siblings: [], step: 3 };

describe("what crops are worth", () => {
  test("is asked of one rollout, with another task's beside it, and kept by run", async () => {
    const { store, fake, worth } = opened("recording");
    expect(worth.of(zoomed)).toBeNull();
    await worth.measureRollout(chosen);
    expect(fake.asked).toEqual([expect.stringMatching(new RegExp(`^worths ${zoomed.id} now 3·[02]·\\d$`))]);
    expect(worth.of(zoomed)!.worth!.called).toBe(true);
    expect(worth.of(zoomed)!.who).toBe(
      "Measured with the model at the start of the run, not with the weights that wrote this: a recording has no weights",
    );
    store.replay.value = { ...store.replay.value!, link: "another" };
    expect(worth.of(zoomed)).toBeNull();
  });

  test("is asked of a whole step, group by group, with whether the learner sees; it can be stopped", async () => {
    const { worth, fake } = opened("stored");
    const record = state.steps.at(-1)!;
    const seen: (string | null)[] = [];
    const end = worth.asking.subscribe((now) => seen.push(now));
    await worth.measureStep(record);
    end();
    expect(seen).toEqual([null, "0 of 12 rollouts", "4 of 12 rollouts", "8 of 12 rollouts", "12 of 12 rollouts", null]);
    expect(fake.asked.filter((line) => line.startsWith("worths"))).toHaveLength(3);
    // Of a stored run its checkpoint is asked.
    expect(fake.asked.every((line) => line.includes("checkpoint"))).toBe(true);
    const found = worth.ofShown(worth.measured)!;
    expect(found).toMatchObject({ title: "Step 3", done: 12, of: 12 });
    expect(found.summary.answered).toBe(record.groups.flat().filter((rollout) => rollout!.answer !== null).length);
    expect(found.summary.sight!.tokens).toBe(240);

    const again = worth.measureStep(record);
    worth.stop();
    await again;
    expect(worth.asking.value).toBeNull();
    expect(worth.ofShown(worth.measured)!.done).toBe(12);
  });

  test("of an evaluation is asked of the checkpoint of a paused run, and of open weights where none is under way", async () => {
    const { store, fake, worth } = opened(null);
    store.storedAs.value = "mine";
    store.player.value = "playing";
    expect(worth.obstacleToEvaluation).toBe("Pause the run to evaluate it");
    store.player.value = "paused";
    expect(worth.obstacleToEvaluation).toBeNull();
    await worth.evaluate();
    store.player.value = "over";
    await worth.evaluate();
    expect(fake.asked).toEqual(["evaluate 256 checkpoint 3", "evaluate 256 now 3"]);
    expect(worth.ofShown(worth.measured)).toMatchObject({ title: "256 held-out tasks" });
    const fresh = opened(null);
    fresh.store.live.value = emptyRun;
    expect([fresh.worth.obstacle, fresh.worth.obstacleToEvaluation]).toEqual([expect.stringMatching(/pictures/), null]);
    expect(opened("recording").worth.obstacleToEvaluation).toMatch(/^An evaluation is of the run in this tab/);
  });

  test("says why it cannot be measured", () => {
    const { store, worth } = opened("recording");
    store.opened.value = { ...store.opened.value!, model: { name: "story", parameters: 1 } };
    expect(worth.obstacle).toMatch(/^This run trained needle, and story is open/);
    store.opened.value = null;
    expect(worth.obstacle).toBe("This can be measured once the model is open");
    store.gpuProblem.value = "none";
    expect(worth.obstacle).toMatch(/needs WebGPU$/);
  });
});
