import { describe, expect, test } from "vitest";
import { trainCommandText } from "../../src/app/run/command_text.ts";
import { runName } from "../../src/app/web/labels/run_name.ts";
import { readUrl, differences as settingsThatDiffer, writeUrl } from "../../src/app/web/run/url_state.ts";
import { beginningOf, differences, resolveConfig } from "../../src/train/config.ts";
import { wholeConfig } from "../../src/train/config_schema.ts";
import { lossNames, lossRecipes } from "../../src/train/loss_recipes.ts";

describe("a named loss", () => {
  test.each(lossNames)("%s sets what its paper says, over the preset", (loss) => {
    const config = resolveConfig({ preset: "story", loss });
    expect(config).toMatchObject({ preset: "story", model: "story", loss, ...lossRecipes[loss].changes });
    const changed = differences(config, resolveConfig({ preset: "story" }));
    expect(changed).toContain("loss");
    expect(["loss", ...Object.keys(lossRecipes[loss].changes)]).toEqual(expect.arrayContaining(changed));
    expect(differences(config, beginningOf(config))).toEqual(["loss"]);
  });

  test("what is said beside it stays", () => {
    const config = resolveConfig({ loss: "gspo", clipRatioHigh: 0.3 });
    expect(config).toMatchObject({ ratioLevel: "sequence", clipRatioLow: 3e-4, clipRatioHigh: 0.3 });
    expect(differences(config, beginningOf(config))).toEqual(["loss", "clipRatioHigh"]);
    // A stored configuration names everything.
    expect(resolveConfig(config)).toEqual(config);
  });

  test("is said by commands, links and names of runs", () => {
    const config = resolveConfig({ loss: "dapo", seed: 3 });
    expect(trainCommandText(config)).toContain("--loss=dapo");
    expect(trainCommandText(config)).not.toContain("clip-ratio");
    expect(runName(config)).toBe("needle, loss dapo, seed 3");
    const { state } = readUrl("?preset=needle&loss=dapo&clipRatioHigh=0.3");
    expect(writeUrl(state)).toBe("?preset=needle&loss=dapo&clipRatioHigh=0.3");
    expect(settingsThatDiffer({ ...state.changes })).toEqual({ preset: "needle", loss: "dapo", clipRatioHigh: 0.3 });
  });

  test("one that is not known", () => {
    expect(() => resolveConfig({ loss: "dpo" })).toThrow(
      'loss must be one of own, grpo, dr-grpo, dapo, gspo, found "dpo"; did you mean "',
    );
  });
});

test("a dual clip below 1 bounds what is right", () => {
  expect(resolveConfig({ clipRatioC: 0 }).clipRatioC).toBe(0);
  expect(() => resolveConfig({ clipRatioC: 0.5 })).toThrow("clipRatioC must be 0 (none) or at least 1, found 0.5");
});

test("a single continuation has none to be compared with", () => {
  expect(resolveConfig({ resampledCalls: 2 }).resampledCalls).toBe(2);
  expect(() => resolveConfig({ resampledCalls: 1 })).toThrow("resampledCalls must be 0 (none) or at least 2");
});

test("worlds are named once each", () => {
  expect(resolveConfig({ worlds: " needle, hunt" }).worlds).toBe("needle,hunt");
  expect(() => resolveConfig({ worlds: "" })).toThrow('separated by commas, found ""');
  expect(() => resolveConfig({ worlds: "relat" })).toThrow('found "relat"; did you mean "relate"?');
  expect(() => resolveConfig({ worlds: "hunt,read,hunt" })).toThrow(', each once, found "hunt" twice');
  const long = Array.from({ length: 10_000 }, () => "needle").join();
  expect(() => resolveConfig({ worlds: long })).toThrow('found "needle" twice');
  expect(() => resolveConfig({ worlds: "x".repeat(1e6) })).toThrow(/found "x{60}…"/);
});

test("a stored configuration that cannot be run is read without what contradicts itself", () => {
  const left: string[] = [];
  const stored = {
    worlds: "hunt,moon",
    hopsMin: 4,
    hopsMax: 2,
    resampledCalls: 1,
    clipRatioC: 0.5,
    objects: 1e9,
    seed: 3,
  };
  const found = wholeConfig(stored, "config", ({ message }) => left.push(message));
  expect(found).toEqual({ seed: 3 });
  expect(left.join("\n")).toContain(
    "config.worlds: expected worlds out of needle, hunt, relate, count, read, order, each once",
  );
  expect(left.join("\n")).toContain("config.hopsMax: expected at least hopsMin (4), found 2");
  expect(left).toHaveLength(5);
});
