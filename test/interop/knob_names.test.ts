import { expect, test } from "vitest";
import { readAliases } from "../../src/interop/aliases.ts";
import { knobNames } from "../../src/interop/knob_names.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { type KnobName, knobs } from "../../src/train/knobs.ts";

test("a knob has the names of verl and TRL by which its change is written", () => {
  expect(knobNames("rolloutsPerTask").verl).toEqual(["actor_rollout_ref.rollout.n"]);
  expect(knobNames("rolloutsPerTask").trl[0]).toBe("num_generations");
  expect(knobNames("clipRatioHigh")).toEqual({
    verl: ["actor_rollout_ref.actor.clip_ratio_high"],
    trl: ["epsilon_high"],
  });
  // Forced settings are named without hydra's signs.
  expect(knobNames("beta1").verl).toEqual(["actor_rollout_ref.actor.optim.betas"]);
  expect(knobNames("glyphPx")).toEqual({ verl: [], trl: [] });
});

test("every name is understood where it is given", () => {
  const base = resolveConfig({});
  for (const knob of Object.keys(knobs) as KnobName[]) {
    const { verl, trl } = knobNames(knob);
    for (const name of [...verl, ...trl]) expect(() => readAliases([{ name, value: "null" }], base)).not.toThrow();
  }
});
