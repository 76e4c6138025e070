import { describe, expect, test } from "vitest";
import { curvesOf, keysOf, knownCurves, metricTitle, ownCurve } from "../../../../src/app/web/curves/catalogue.ts";
import { KeysSeen, runPoints } from "../../../../src/app/web/curves/run_points.ts";
import { foldAll } from "../../../../src/app/web/run/run_state.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { metricTable } from "../../../../src/train/metrics.ts";
import { fakeEvents } from "../../../support/fake_run.ts";

const keysOfRun = (): Set<string> => {
  const { updates, heldOut } = runPoints(foldAll(fakeEvents(resolveConfig({ steps: 5, evalEvery: 5 }))));
  return new Set([...new KeysSeen().of(updates), ...new KeysSeen().of(heldOut)]);
};

describe("charts", () => {
  test("there is one for every metric of a log, whatever its name", () => {
    const keys = new Set([...keysOfRun(), ...Object.keys(metricTable), "actor/pg_loss", "data/skipped/a", "__proto__"]);
    const drawn = new Set(curvesOf(keys).flatMap(keysOf));
    for (const key of keys) expect(drawn, key).toContain(key);
  });

  test("those that people look for are known by name, in groups", () => {
    const specs = curvesOf(keysOfRun());
    const groups = new Map(specs.map(({ title, group }) => [title, group]));
    for (const title of [
      ...["loss", "KL, nats", "clip fraction", "gradient norm", "groups without variance", "learning rate"],
    ])
      expect([title, groups.get(title)]).toEqual([title, "learning"]);
    for (const title of ["calls per rollout", "tool failures"])
      expect([title, groups.get(title)]).toEqual([title, "tool"]);
    expect(groups.get("stop reasons")).toBe("rollouts");
    for (const title of ["accuracy", "zoom rate", "reward spread"]) expect(groups.get(title)).toBe("outcome");
  });

  test("no two have the same id, and each says what it shows", () => {
    const specs = curvesOf(keysOfRun());
    expect(new Set(specs.map(({ id }) => id)).size).toBe(specs.length);
    for (const { id, line } of knownCurves) expect([id, line.length > 12]).toEqual([id, true]);
  });

  test("parts of a reward, causes of failures and stop reasons are found in the log", () => {
    const specs = curvesOf(new Set(["reward", "reward/answer", "reward/mine", "call_error/bad_box", "end/length"]));
    const names = (id: string) => specs.find((spec) => spec.id === id)?.parts.map(({ name }) => name);
    expect(names("rewards")).toEqual(["total", "answer", "mine"]);
    expect(names("failures")).toEqual(["all", "bad box"]);
    expect(names("ends")).toEqual(["answer", "length"]);
  });

  test("the worth of the tool has a chart where evaluations measured it, and only there", () => {
    const titles = (keys: string[]) => curvesOf(new Set(keys)).map(({ title }) => title);
    expect(titles(["accuracy"])).not.toContain("worth of the tool, held-out");
    expect(titles(["heldout/sampled/causal/with_tool"]).slice(0, 2)).toEqual([
      "accuracy",
      "worth of the tool, held-out",
    ]);
  });

  test("one of one's own draws the metrics that were chosen", () => {
    expect(ownCurve("both", ["reward", "loss"]).parts.map(({ key }) => key)).toEqual(["reward", "loss"]);
    expect(metricTitle("heldout/greedy/accuracy")).toBe("Accuracy, greedy");
    expect(metricTitle("x".repeat(100))).toHaveLength(60);
  });
});

test("names are found once, however a list grows, and again in another list", () => {
  const seen = new KeysSeen();
  const point = (step: number, metrics: Record<string, number>) => ({ step, metrics, durationMs: 1 });
  const list = [point(1, { a: 1 }), point(2, { b: 1 })];
  const first = seen.of(list);
  expect([...first]).toEqual(["a", "b"]);
  expect(seen.of([...list, point(3, { a: 2 })])).toBe(first);
  expect([...seen.of([...list, point(3, { a: 2 }), point(4, { c: 2 })])]).toEqual(["a", "b", "c"]);
  expect([...seen.of([point(1, { z: 1 })])]).toEqual(["z"]);
  expect([...seen.of([])]).toEqual([]);
});
