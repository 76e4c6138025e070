import { describe, expect, test } from "vitest";
import { resumedSettings } from "../../../src/app/run/resumed_settings.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";

const config = resolveConfig({ seed: 3, steps: 20 });
const at = (changes: Partial<RunConfig>) => ({ ...config, ...changes });
const log = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
/** The line of the checkpoint, with something before it that no longer counts. */
const saved = `${log({ type: "config", step: 4, changes: { temperature: 2 } }, { type: "update", step: 10 })}${log({ type: "checkpoint", step: 10 })}`;
const update = (step: number) => ({ type: "update", step });
/** A change after so many steps, as the log has it: with the first step that it holds in. */
const change = (made: number, changes: Partial<RunConfig>) => ({ type: "config", step: made + 1, changes });
const head = (config: RunConfig, resumedAt: number, more: object = {}): Partial<TrainEvent> => ({
  type: "run",
  format: 2,
  config,
  resumedAt,
  ...more,
});

describe("a run goes on", () => {
  test("with what it had at its checkpoint, and what was changed after comes at its step again", () => {
    const latest = at({ learningRate: 3e-4, temperature: 0.5 });
    const lost =
      saved + log(change(12, { learningRate: 3e-4 }), update(13), change(13, { temperature: 0.5 }), update(14));
    expect(resumedSettings(latest, { step: 10, config }, lost)).toEqual({
      config,
      upcoming: [
        { step: 12, changes: { learningRate: 3e-4 } },
        { step: 13, changes: { temperature: 0.5 } },
      ],
    });
  });

  test("with a change that came right after the checkpoint, from its first step on", () => {
    const latest = at({ learningRate: 3e-4 });
    const { config: found, upcoming } = resumedSettings(
      latest,
      { step: 10, config },
      saved + log(change(10, { learningRate: 3e-4 }), update(11)),
    );
    expect([found, upcoming]).toEqual([latest, []]);
  });

  test("with a change that was not logged, at the step that was under way", () => {
    const latest = at({ learningRate: 3e-4 });
    // Also where the log ends before the checkpoint, or does not say that it was written.
    for (const short of ["", log(change(3, { temperature: 2 }), update(4)), log(update(9), update(10))])
      expect(resumedSettings(latest, { step: 10, config }, short)).toEqual({ config: latest, upcoming: [] });
    expect(resumedSettings(latest, { step: 10, config }, saved + log(update(11), update(12)))).toEqual({
      config,
      upcoming: [{ step: 12, changes: { learningRate: 3e-4 } }],
    });
  });

  test("a second time, with what the first one had still to come", () => {
    const latest = at({ learningRate: 3e-4, temperature: 0.5 });
    const upcoming = [
      { step: 12, changes: { learningRate: 3e-4 } },
      { step: 14, changes: { temperature: 0.5 } },
    ];
    const first = head(config, 10, { upcoming });
    expect(resumedSettings(latest, { step: 10, config }, saved + log(first, update(11)))).toEqual({ config, upcoming });
    const later = saved + log(first, update(11), update(12), change(12, { learningRate: 3e-4 }), update(13));
    expect(resumedSettings(latest, { step: 10, config }, later)).toEqual({ config, upcoming });
    // Its head has what was asked for when it went on.
    const more = at({ steps: 50 });
    expect(resumedSettings(more, { step: 10, config }, saved + log(head(more, 10), update(11)))).toEqual({
      config: more,
      upcoming: [],
    });
  });

  test("from its beginning, where there is no checkpoint", () => {
    const latest = at({ bonusWeight: 0.5 });
    const lost = log(head(config, 0), update(1), change(1, { bonusWeight: 0.5 }), update(2));
    expect(resumedSettings(latest, null, lost)).toEqual({
      config,
      upcoming: [{ step: 1, changes: { bonusWeight: 0.5 } }],
    });
    expect(resumedSettings(latest, null, "")).toEqual({ config: latest, upcoming: [] });
  });

  test("whatever a line that was cut off says", () => {
    const lost = `${saved}${log(update(11))}{"type":"config","step":11,"chan`;
    expect(resumedSettings(config, { step: 10, config }, lost)).toEqual({ config, upcoming: [] });
  });

  test("with knobs of another run as they are: they cannot change on the way", () => {
    const lost = saved + log(change(11, { objects: 2, learningRate: 1e-5 }), update(12));
    expect(resumedSettings(at({ learningRate: 1e-5 }), { step: 10, config: at({ objects: 3 }) }, lost)).toEqual({
      config,
      upcoming: [{ step: 11, changes: { learningRate: 1e-5 } }],
    });
  });
});
