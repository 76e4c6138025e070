import { describe, expect, test } from "vitest";
import { driftLight, healthLights, pixelLight, varianceLight } from "../../../../src/app/web/train/health_lights.ts";

describe("lights of a run", () => {
  test.each([
    [null, "unknown", "not measured"],
    [0, "bad", "0 nats"],
    [-0.2, "bad", "−0.200 nats"],
    [0.01, "watch", "+0.010 nats"],
    [0.4, "good", "+0.400 nats"],
  ] as const)("a loss that rises by %s without pixels is %s", (rise, state, value) => {
    expect(pixelLight(rise)).toMatchObject({ state, value });
  });

  test.each([
    [null, "unknown"],
    [0, "good"],
    [1e-6, "watch"],
    [0.3, "bad"],
  ] as const)("a drift of %s is %s", (drift, state) => {
    expect(driftLight(drift).state).toBe(state);
  });

  test.each([
    [null, null, "unknown", /./],
    [0.2, 0.5, "good", /./],
    [0.6, 0.3, "watch", /Raise the temperature/],
    [1, 0.1, "bad", /Raise the temperature/],
    [1, 0.97, "watch", /use harder ones/],
  ] as const)("%s of groups alike at an accuracy of %s is %s", (share, accuracy, state, sentence) => {
    const light = varianceLight(share, accuracy);
    expect(light.state).toBe(state);
    expect(light.sentence).toMatch(sentence);
  });

  test("one that is bad says what to do", () => {
    for (const light of [pixelLight(0), driftLight(1), varianceLight(1, 0)])
      expect(light.sentence.split(/[.:] /).length, light.sentence).toBeGreaterThan(1);
  });

  test("are read from the last steps, from what was measured on demand, else from the last evaluation", () => {
    const steps = [0, 1, 1, 1, 1, 1].map((zero_variance_groups) => ({
      zero_variance_groups,
      ratio_drift: 0,
      accuracy: 0.2,
    }));
    const states = (...given: Parameters<typeof healthLights>) => healthLights(...given).map(({ state }) => state);
    expect(states(steps, null, null)).toEqual(["unknown", "good", "bad"]);
    expect(states(steps, { "causal/blind_loss": 0.3 }, null)).toEqual(["good", "good", "bad"]);
    expect(states(steps, { "causal/blind_loss": 0.3 }, { tokens: 4, loss: 1, blankLoss: 1 })[0]).toBe("bad");
    expect(states([{}], null, null)).toEqual(["unknown", "unknown", "unknown"]);
  });
});
