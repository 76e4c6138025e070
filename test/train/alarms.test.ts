import { expect, test } from "vitest";
import { rewardNamed } from "../../src/reward/rewards/table.ts";
import { Alarms } from "../../src/train/alarms.ts";

const well = { zoom_rate: 0.5, grad_norm: 1, zero_variance_groups: 0.5, accuracy: 0.3 };

test("a healthy run raises no alarm", () => {
  const alarms = new Alarms();
  for (let step = 0; step < 5; step++) expect(alarms.after(well)).toEqual([]);
});

test("zooming that dies out is an alarm once, with what it was", () => {
  const alarms = new Alarms();
  const rates = [0.1, 0.38, 0.06, 0.03, 0.3, 0.01];
  const messages = rates.map((zoom_rate) => alarms.after({ ...well, zoom_rate }));
  expect(messages.map(({ length }) => length)).toEqual([0, 0, 0, 1, 0, 0]);
  expect(messages[3]![0]).toBe(
    "Zooming is dying out: 3 % of the rollouts zoom, 38 % did; a bonus for zooming may bring it back",
  );
});

test("a run that never zoomed has nothing that could die out", () => {
  const alarms = new Alarms();
  expect([0, 0.19, 0].flatMap((zoom_rate) => alarms.after({ ...well, zoom_rate }))).toEqual([]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("a gradient norm of %d is an alarm", (grad_norm) => {
  const alarms = new Alarms();
  expect(alarms.after({ ...well, grad_norm })).toEqual([
    "The gradient is not a number, so the weights were left as they are; lower the learning rate",
  ]);
});

test("groups that all lack variance are an alarm, unless everything is right", () => {
  const stuck = { ...well, zero_variance_groups: 1 };
  expect(new Alarms().after({ ...stuck, accuracy: 1 })).toEqual([]);
  const { accuracy: _, ...unjudged } = stuck;
  expect(new Alarms().after(unjudged)).toEqual([]);
  expect(new Alarms().after({ ...stuck, accuracy: 0 })).toEqual([
    "All rollouts of every task have the same reward, so there is nothing to learn from; raise the temperature or make the task easier",
  ]);
});

test.each([
  [
    { reward: Number.NaN },
    "reward is not a number; stop, and go on from the last checkpoint with a lower learning rate",
  ],
  [
    { loss: Number.NaN, policy_loss: Number.NaN, ppo_kl: Number.POSITIVE_INFINITY, entropy: Number.NaN },
    "loss, policy_loss, ppo_kl and 1 more are not numbers; stop, and go on from the last checkpoint with a lower learning rate",
  ],
])("metrics that are not numbers are named: %j", (broken, message) => {
  const alarms = new Alarms();
  expect(alarms.after({ ...well, ...broken })).toEqual([message]);
  expect(alarms.after({ ...well, ...broken })).toEqual([]);
});

test("rollouts that all run out of space are an alarm", () => {
  const alarms = new Alarms();
  expect(alarms.after({ ...well, truncated: 0.99 })).toEqual([]);
  expect(alarms.after({ ...well, truncated: 1 })).toEqual([
    "Every rollout ran out of tokens or turns before it answered; raise the limits of its turns or the number of calls",
  ]);
});

test("a step without any reward is an alarm", () => {
  expect(new Alarms().after({ ...well, unscored: 1 })).toEqual([
    "No rollout of this step has a reward, so the weights stayed as they are; test the judge, and see that the reward can pay for these tasks",
  ]);
  expect(new Alarms(rewardNamed("tools-rl").unpaid).after({ ...well, unscored: 1 })).toEqual([
    "No rollout of this step has a reward, so the weights stayed as they are; test the judge, and see that the reward can pay for these tasks: tools-rl first pays for zooms onto a marked target only: give the rows boxes, or set toolStageSteps to 0 to begin with the answer",
  ]);
});

test("entropy that collapses is an alarm once, one that settles is not", () => {
  const alarms = new Alarms();
  alarms.after({ ...well, entropy: Number.NaN });
  const messages = [0.78, 0.53, 0.8, 0.041, 0.039, 0.01].map((entropy) => alarms.after({ ...well, entropy }));
  expect(messages.map(({ length }) => length)).toEqual([0, 0, 0, 0, 1, 0]);
  expect(messages[4]).toEqual([
    "The entropy has collapsed to 0.039 nats from 0.8, so rollouts of a task hardly differ; lower the learning rate or give the entropy a weight",
  ]);
  // Nothing was rolled in a step: no entropy is not a low one.
  expect(alarms.after(well)).toEqual([]);
});
