import { expect, test } from "vitest";
import { LookSchedule } from "../../src/policy/look_schedule.ts";

/** After how many tokens of a turn the host looks, up to `most`. */
function looksOf(schedule: LookSchedule, most: number, begin = 1): number[] {
  const looks: number[] = [];
  for (let count = begin; count < most; ) {
    count += Math.min(schedule.until(0, count, false), most - count);
    looks.push(count);
  }
  return looks;
}

test("nothing is done ahead where that is not wanted", () => {
  const schedule = new LookSchedule(false);
  schedule.learn(0, [20, 21]);
  expect([schedule.depth, schedule.headStart(100), schedule.isDue(0, 1)]).toEqual([1, 0, true]);
  expect(looksOf(schedule, 30)).toEqual([9, 17, 25, 30]);
});

test("the host looks where half of the rows and all had ended the last time, and once where these are near", () => {
  const schedule = new LookSchedule(true);
  expect(looksOf(schedule, 30)).toEqual([9, 17, 25, 30]);
  expect(schedule.headStart(100)).toBe(8);
  schedule.learn(0, [20, 24, 22, 24]);
  expect(looksOf(schedule, 24)).toEqual([24]);
  // Up to the first look, less what the prefill samples.
  expect(schedule.headStart(100)).toBe(23);
  expect([schedule.isDue(0, 23), schedule.isDue(0, 24), schedule.isDue(1, 24)]).toEqual([false, true, false]);
  expect(schedule.headStart(5)).toBe(5);
  expect([schedule.expectsMore(0, 23), schedule.expectsMore(0, 24)]).toEqual([true, false]);
  schedule.learn(0, [10, 10, 40]);
  expect(looksOf(schedule, 60)).toEqual([10, 40, 48, 56, 60]);
  // Another turn has lengths of its own.
  expect(schedule.until(1, 1, false)).toBe(8);
});

test("where a token takes long the host looks soon after the rows ended, and little is submitted ahead", () => {
  const schedule = new LookSchedule(true);
  schedule.learn(0, [20, 20, 20, 300]);
  expect([schedule.until(0, 20, false), schedule.until(0, 20, true)]).toEqual([32, 8]);
  schedule.paced(10, 160);
  expect([schedule.until(0, 20, false), schedule.until(0, 20, true)]).toEqual([8, 1]);
  for (let i = 0; i < 20; i++) schedule.paced(10, 2);
  expect([schedule.until(0, 20, false), schedule.until(0, 20, true)]).toEqual([32, 8]);
});
