import { expect, test } from "vitest";
import type { Pixels } from "../../../src/image/pixels.ts";
import { isRead, noteLegible } from "../../../src/reward/reading/crop_reader.ts";
import { needleTask, rollout, zoomCall } from "../../support/rollouts.ts";

const sure = (text: string) => ({ text, confidence: 0.95 });

test.each<[string, { text: string; confidence: number }[], string, boolean]>([
  ["the digit alone", [sure("7")], "7", true],
  ["a digit among others: any long reading has one", [sure("1750")], "7", false],
  ["a guess", [{ text: "7", confidence: 0.4 }], "7", false],
  ["a word within a line", [sure("Open 24 Hours!")], "open 24", true],
  ["another word", [sure("Closed")], "open", false],
  ["nothing", [], "7", false],
  ["an answer without letters", [sure("?")], "?", false],
  ["letters that are written wide", [sure("\uff11\uff12")], "12", true],
])("%s", (_, readings, answer, expected) => {
  expect(isRead(readings, answer)).toBe(expected);
});

const picture = (level: number): Pixels => ({ width: 1, height: 1, data: new Uint8Array([level, level, level]) });
/** Reads the answer in pictures of level 1. */
const reader = { read: async ({ data }: Pixels) => (data[0] === 1 ? [sure(needleTask.answer)] : [sure("x")]) };

test("every call that was carried out is noted by its own picture, failed calls are not", async () => {
  const calls = [zoomCall(), zoomCall({ outcome: "bad_box" }), zoomCall()];
  const one = rollout({ calls });
  await noteLegible([one], needleTask, [[picture(0), picture(1)]], reader);
  expect(one.calls.map(({ legible }) => legible)).toEqual([false, undefined, true]);
});

test("where pictures and calls do not match, nothing is noted", async () => {
  const one = rollout({ calls: [zoomCall(), zoomCall()] });
  await noteLegible([one], needleTask, [[picture(1)]], reader);
  expect(one.calls.map(({ legible }) => legible)).toEqual([undefined, undefined]);
});
