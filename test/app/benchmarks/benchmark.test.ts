import { describe, expect, test } from "vitest";
import {
  type Asking,
  type BenchmarkResult,
  type Control,
  type LeftOut,
  runBenchmark,
} from "../../../src/app/benchmarks/benchmark.ts";
import { benchmarkRows, type ReportHead, reportLines } from "../../../src/app/benchmarks/benchmark_report.ts";
import { choiceItems } from "../../../src/app/benchmarks/choice_items.ts";
import { ownItems } from "../../../src/app/benchmarks/own_items.ts";
import { scenesOf, worldItems } from "../../../src/app/benchmarks/world_items.ts";
import { originOf } from "../../../src/image/derived.ts";
import type { AnswerJudge } from "../../../src/reward/judges/judge.ts";
import { rulesJudge } from "../../../src/reward/judges/remote_judge.ts";
import type { OptionOrder, Question } from "../../../src/tasks/benchmarks/benchmark.ts";
import { hrBench } from "../../../src/tasks/benchmarks/hrbench.ts";
import { vstar as definition } from "../../../src/tasks/benchmarks/vstar.ts";
import { recipeBudget } from "../../../src/tasks/rows/picture_budget.ts";
import { scenePictures } from "../../../src/tasks/sources/scenes.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { presetScenes } from "../../../src/tasks/worlds/preset_scenes.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { folderOf, hrBenchParquet, hrBenchRows, vstarFiles } from "../../support/benchmark_files.ts";
import { letterFor, type Prompted, scriptedSession } from "../../support/benchmark_session.ts";
import { zoomCall } from "../../support/rollouts.ts";

const config = resolveConfig({ prompt: "deepeyes" });
const vstar = async (direct = 3, relative = 2) =>
  (await definition.open(folderOf(await vstarFiles(direct, relative)))).questions;

async function run(
  questions: readonly Question[],
  generate: Parameters<typeof scriptedSession>[0],
  options: { order?: OptionOrder; controls?: Control[]; sampled?: number; judge?: AnswerJudge } = {},
) {
  const session = scriptedSession(generate);
  const { order = "shuffled", controls = ["none"], sampled = 0, judge = rulesJudge() } = options;
  const items = choiceItems(questions, { order, seed: 3, budget: recipeBudget, judge });
  const results: BenchmarkResult[] = [];
  const leftOut: LeftOut[] = [];
  for await (const one of runBenchmark(session, items, { config, controls, sampled }))
    if (one.type === "rollout") results.push(one);
    else leftOut.push(one);
  return { session, results, leftOut };
}
const overall = (results: BenchmarkResult[], order: OptionOrder = "shuffled", meanOfCategories = false) =>
  benchmarkRows(results, { order, meanOfCategories }).filter(({ category }) => category === "overall");

test("a model that knows the option is right in every order; one that says A only where it stands there", async () => {
  const knows = ({ task }: Prompted) => ({
    answer: letterFor(task, task.question.includes("glove") ? "red" : "on the left"),
  });
  const saysA = () => ({ answer: "A" });
  const questions = await vstar(20, 20);
  for (const order of ["shuffled", "circular", "as-given"] as const)
    expect(overall((await run(questions, knows, { order })).results, order)[0]!.accuracy!.value).toBe(1);
  const given = overall((await run(questions, saysA, { order: "as-given" })).results, "as-given")[0]!;
  expect(given.accuracy!.value).toBe(1);
  const circular = benchmarkRows((await run(questions, saysA, { order: "circular" })).results, {
    order: "circular",
    meanOfCategories: false,
  });
  expect(
    circular.map(({ category, accuracy, accuracyOfOne }) => [category, accuracy!.value, accuracyOfOne!.value]),
  ).toEqual([
    ["direct_attributes", 0, 0.25],
    ["relative_position", 0, 0.5],
    ["overall", 0, 1 / 3],
  ]);
  expect(circular[0]!.accuracyByOrder).toEqual([1, 0, 0, 0]);
  const shuffled = overall((await run(questions, saysA)).results)[0]!.accuracy!.value;
  expect(shuffled).toBeGreaterThan(0.1);
  expect(shuffled).toBeLessThan(0.7);
});

test("what is asked is DeepEyes' evaluation prompt, and without a tool no word of it", async () => {
  const seen: { control: boolean; messages: string[] }[] = [];
  const { session } = await run(
    await vstar(1, 0),
    ({ task, zoom }) => {
      seen.push({ control: zoom, messages: task.messages!.map(({ role, content }) => `${role}: ${content}`) });
      return {};
    },
    { order: "as-given", controls: ["none", "no-tool"] },
  );
  const user = (end: string) =>
    `user: <image>Question: What is the colour of glove 0?\nOptions: \nA. red.\nB. blue.\nC. green.\nD. white.\n\n\nThink first, ${end}`;
  expect(seen[0]!.messages[0]).toMatch(/^system: You are a helpful assistant\.\n\n# Tools\n/);
  expect(seen[0]!.messages[1]).toBe(
    user(
      "call **image_zoom_in_tool** if needed, then answer. Format strictly as:  <think>...</think>  <tool_call>...</tool_call> (if tools needed)  <answer>...</answer> ",
    ),
  );
  expect(seen[1]).toEqual({
    control: false,
    messages: [
      "system: You are a helpful assistant.",
      user("then answer. Format strictly as:  <think>...</think>  <answer>...</answer> "),
    ],
  });
  // The session is left as it was.
  expect(session.knobs).toEqual({ zoom: true, crop: "source" });
});

test("controls change what the run does, and the order where that is the control", async () => {
  const right = ({ task, zoom, crop }: Prompted) => ({
    answer: zoom && crop === "source" ? letterFor(task, "red") : "none",
  });
  const { results } = await run(await vstar(8, 0), right, {
    controls: ["none", "no-tool", "blank-crop", "shuffled-crop", "as-given"],
  });
  expect(overall(results).map(({ control, accuracy }) => [control, accuracy!.value])).toEqual([
    ["none", 1],
    ["no-tool", 0],
    ["blank-crop", 0],
    ["shuffled-crop", 0],
    ["as-given", 1],
  ]);
  expect(results.filter(({ control }) => control === "as-given").every(({ gold }) => gold === "A. red.")).toBe(true);
  expect(results.filter(({ control }) => control === "none").every(({ gold }) => gold === "A. red.")).toBe(false);
});

test("greedy once and sampled k times; the error counts questions, not attempts", async () => {
  const generate = ({ task, greedy, rolloutIndex, picture }: Prompted) =>
    // Right on every attempt at pictures of even width, on none of the others; greedily always wrong.
    ({ answer: !greedy && picture.width % 2 === 0 ? letterFor(task, "red") : "none", id: `${rolloutIndex}` });
  const { results, session } = await run(await vstar(10, 0), generate, { sampled: 4 });
  const [greedy, sampled] = overall(results);
  expect(greedy).toMatchObject({ greedy: true, items: 10, rollouts: 10, accuracy: { value: 0, error: 0 } });
  expect(sampled).toMatchObject({ greedy: false, items: 10, rollouts: 40 });
  expect(sampled!.accuracy!.value).toBe(0.5);
  expect(sampled!.accuracy!.error).toBeCloseTo(Math.sqrt((0.25 * 10) / 9 / 10), 10);
  expect(session.calls.map(({ rolloutsPerTask, greedy: isGreedy }) => [rolloutsPerTask, isGreedy])).toEqual([
    [1, true],
    [4, false],
  ]);
});

test("batches hold at most 128 rollouts and share no random numbers", async () => {
  const { session } = await run(await vstar(60, 0), () => ({ answer: "A" }), { sampled: 8 });
  const sampled = session.calls.filter(({ greedy }) => !greedy);
  expect(sampled.map(({ tasks }) => tasks.length)).toEqual([16, 16, 16, 12]);
  expect(new Set(sampled.map(({ step }) => step)).size).toBe(4);
  expect(new Set(sampled.flatMap(({ tasks }) => tasks)).size).toBe(60);
  expect(Math.max(...sampled.map(({ step }) => step!))).toBeLessThan(2 ** 32);
});

test("zooms, calls, IoU with the best of several targets, ends", async () => {
  const generate = ({ task }: Prompted) =>
    task.question.includes("dog")
      ? { calls: [zoomCall({ boxSourcePx: [40, 40, 60, 60] }), zoomCall({ boxSourcePx: [0, 0, 10, 20] })], answer: "A" }
      : {
          calls: [zoomCall({ outcome: "bad_box" as const, boxSourcePx: undefined })],
          end: "turns" as const,
          answer: null,
        };
  const { results } = await run(await vstar(2, 2), generate);
  const [direct, relative, all] = benchmarkRows(results, { order: "shuffled", meanOfCategories: false });
  expect(direct).toMatchObject({ zoomRate: 0, calls: 1, iou: null, ends: { turns: 2, answer: 0 } });
  expect(relative).toMatchObject({ zoomRate: 1, calls: 2, iou: 0.75 });
  expect(all).toMatchObject({ zoomRate: 0.5, calls: 1.5, iou: 0.75, ends: { turns: 2, answer: 2 } });
  expect(results[0]).toMatchObject({ right: false, verdict: "no answer", said: ["<478><57><479><466>"] });
});

describe("judging", () => {
  const judge = (right: boolean | null): AnswerJudge & { asked: object[] } => {
    const asked: object[] = [];
    return {
      ...rulesJudge(),
      name: "deepeyes",
      asked,
      verdict: async (question) => {
        asked.push(question);
        return right === null ? null : { right, rule: "judge deepeyes" };
      },
    };
  };

  test("the judge is asked only where no rule decides, as the original asks it", async () => {
    const asks = judge(true);
    const generate = ({ picture }: Prompted) => ({ answer: picture.width === 80 ? "it is reddish" : "A" });
    const { results } = await run(await vstar(2, 0), generate, { order: "as-given", judge: asks });
    expect(results.map(({ right, verdict }) => [right, verdict])).toEqual([
      [true, "judge deepeyes"],
      [true, "letter"],
    ]);
    expect(asks.asked).toEqual([
      {
        question: "What is the colour of glove 0?",
        goldAnswer: "A. red.",
        answer: "it is reddish",
        source: "choice",
        dataSource: "vstar",
      },
    ]);
  });

  test("without a judge an undecided answer is wrong; without a verdict it is not scored", async () => {
    const generate = () => ({ answer: "it is reddish" });
    const ruled = await run(await vstar(2, 0), generate);
    expect(overall(ruled.results)[0]).toMatchObject({ accuracy: { value: 0 }, unscored: 0 });
    const failed = await run(await vstar(2, 0), generate, { judge: judge(null) });
    expect(overall(failed.results)[0]).toMatchObject({ accuracy: null, unscored: 2 });
  });

  test("rollouts that the world failed are not scored", async () => {
    const { results } = await run(await vstar(2, 0), () => ({ end: "error" as const, answer: null, error: "lost" }));
    expect(overall(results)[0]).toMatchObject({ accuracy: null, unscored: 2, ends: { error: 2 } });
  });
});

test("HR-Bench: the mean of both halves, rows of one question together", async () => {
  const { questions } = await hrBench.open(folderOf({ "hr_bench_4k.parquet": hrBenchParquet(await hrBenchRows(5)) }));
  // Three single and two cross questions; cross ones are always right.
  const generate = ({ task }: Prompted) => ({ answer: task.id.includes("cross") ? letterFor(task, "one") : "none" });
  const { results } = await run(questions, generate, { order: "as-given" });
  const rows = benchmarkRows(results, { order: "as-given", meanOfCategories: true });
  expect(rows.map(({ category, items, rollouts, accuracy }) => [category, items, rollouts, accuracy!.value])).toEqual([
    ["cross", 2, 8, 1],
    ["single", 3, 12, 0],
    ["overall", 5, 20, 0.5],
  ]);
});

test("boxes follow a picture that is reduced", async () => {
  const [question] = await vstar(1, 0);
  const budget = { ...recipeBudget, maxSourcePixels: 1200, limits: { ...recipeBudget.limits, minPixels: 784 } };
  const [item] = choiceItems([question!], { order: "as-given", seed: 0, budget, judge: rulesJudge() });
  const { pixels, targetsSourcePx } = await item!.open();
  expect([pixels[0]!.width, pixels[0]!.height]).toEqual([40, 30]);
  expect(targetsSourcePx).toEqual([[5, 10, 20, 15]]);
});

test("a picture that cannot be read is left out and reported", async () => {
  const files = await vstarFiles(3, 0);
  files["direct_attributes/sa_1.jpg"] = files["direct_attributes/sa_1.jpg"]!.slice(0, 40);
  const { results, leftOut } = await run((await definition.open(folderOf(files))).questions, () => ({ answer: "A" }));
  expect(results.length).toBe(2);
  expect(leftOut).toMatchObject([{ item: "vstar/direct_attributes/sa_1" }]);
  expect(leftOut[0]!.why).toMatch(/PNG/);
});

test("held-out scenes with every control need no data", async () => {
  const session = scriptedSession(({ zoom, task, crop }) => ({
    reward: {
      parts: {},
      total: 0,
      right: zoom && crop === "source",
      verdict: zoom ? `exact ${task.answer}` : "exact",
    },
  }));
  const { items, notes } = await worldItems("needle", scenesOf("needle", config, {}), 0, 3);
  const results: BenchmarkResult[] = [];
  const controls: Control[] = ["none", "no-tool", "blank-crop", "shuffled-crop"];
  for await (const one of runBenchmark(session, items, { config, controls, sampled: 2 }))
    results.push(one as BenchmarkResult);
  const rows = benchmarkRows(results, { order: "as-given", meanOfCategories: false });
  expect(rows.map(({ control, greedy, rollouts, accuracy }) => [control, greedy, rollouts, accuracy!.value])).toEqual([
    ["none", true, 3, 1],
    ["none", false, 6, 1],
    ["no-tool", true, 3, 0],
    ["no-tool", false, 6, 0],
    ["blank-crop", true, 3, 0],
    ["blank-crop", false, 6, 0],
    ["shuffled-crop", true, 3, 0],
    ["shuffled-crop", false, 6, 0],
  ]);
  expect(items.map(({ id }) => id)).toEqual(["needle/0/heldout/0/0", "needle/0/heldout/0/1", "needle/0/heldout/0/2"]);
  expect(rows.every(({ guess }) => guess > 0.09 && guess < 0.13)).toBe(true);
  expect(notes).toEqual([expect.stringMatching(/^Guessing: "\d", the most frequent .* is right in 0\.1/)]);
});

test("a world is asked with the scenes of the run that trains on it, else with its preset's", () => {
  const run = resolveConfig({ preset: "hunt", objects: 6, ground: "textured" });
  expect(scenesOf("hunt", run, {})).toMatchObject({ worlds: "hunt", objects: 6, shapeMinPx: 280, ground: "textured" });
  expect(scenesOf("count", run, { objects: 5 })).toMatchObject({ worlds: "count", objects: 5, overlap: 0.3 });
  expect(scenesOf("needle", run, {})).toMatchObject({ worlds: "needle", shapeMinPx: 48, ground: "plain" });
  const both = resolveConfig({ preset: "budget", glyphPx: 4 });
  expect(scenesOf("order", both, {})).toMatchObject({ worlds: "order", glyphPx: 4 });
});

test("pictures of scenes are made only where somebody reads them, and are the scenes'", async () => {
  const { items } = await worldItems("read", scenesOf("read", config, {}), 4, 1);
  const { pixels, askings } = await items[0]!.open();
  expect(originOf(pixels[0]!)?.kind).toBe("scene");
  const [{ task }] = askings("none") as [Asking];
  expect(pixels[0]!.data).toEqual(scenePictures(task.id, { ...config, ...presetScenes.read, worlds: "read" })[0]!.data);
});

test("own tasks: a set for each file, and what a fixed answer would get right of it", async () => {
  const task = (id: string, source: string, answer: string): Task => ({
    id,
    source,
    question: "How many?",
    answer,
    imageSizesPx: [],
    dataSource: source === "a.jsonl" ? "shop" : "",
  });
  const tasks = [task("1", "a.jsonl", "3"), task("2", "a.jsonl", " 3"), task("3", "a.jsonl", "4"), task("4", "b", "x")];
  const items = ownItems(tasks, { pictures: async () => [] });
  expect(items.map(({ set, category }) => `${set} ${category}`)).toEqual([
    "a.jsonl shop",
    "a.jsonl shop",
    "a.jsonl shop",
    "b rows",
  ]);
  const session = scriptedSession(() => ({ reward: { parts: {}, total: 0, right: true, verdict: "exact" } }));
  const results: BenchmarkResult[] = [];
  for await (const one of runBenchmark(session, items, { config, controls: ["none"], sampled: 0 }))
    results.push(one as BenchmarkResult);
  expect(overall(results).map(({ set, guess }) => [set, guess])).toEqual([
    ["a.jsonl", 2 / 3],
    ["b", 1],
  ]);
});

test("the report is a table under the command that made it", async () => {
  const saysA = () => ({ answer: "A" });
  const { results } = await run(await vstar(4, 0), saysA, { order: "circular", controls: ["none", "as-given"] });
  const settings = { order: "circular", meanOfCategories: false } as const;
  const head: ReportHead = {
    name: "V*",
    place: "data/vstar",
    command: "npm run saccade -- benchmark vstar data/vstar",
    model: "mine",
    adapter: "Fake",
    seed: 3,
    order: "circular",
    sampled: 0,
    temperature: 1,
    prompt: "deepeyes",
    tool: "saccade",
    judge: "rules",
    notes: ["Only 4 of 9 questions"],
    setNotes: { vstar: ["Its options are colours"] },
  };
  const left: LeftOut = { type: "left-out", item: "vstar/x", why: "no such file" };
  expect(reportLines(head, benchmarkRows(results, settings), [left], settings)).toEqual([
    "# V*: mine",
    "",
    "    npm run saccade -- benchmark vstar data/vstar",
    "",
    "Questions from data/vstar; seed 3; options in every rotation; prompt deepeyes, tool saccade, judge rules; on Fake",
    "Note: Only 4 of 9 questions",
    "",
    "Note: Its options are colours",
    "",
    "| control  | sampling | category | items | rollouts | all rotations right | each rotation | guess | zoom rate | calls | IoU | unscored |",
    "| -------- | -------- | -------- | ----- | -------- | ------------------- | ------------- | ----- | --------- | ----- | --- | -------- |",
    "| none     | greedy   | overall  | 4     | 16       | 0.000 ± 0.000       | 0.250 ± 0.000 | 0.250 | 0.000     | 0.00  | -   | 0        |",
    "| as-given | greedy   | overall  | 4     | 4        | 1.000 ± 0.000       | -             | 0.250 | 0.000     | 0.00  | -   | 0        |",
    "",
    "Accuracy of each rotation by itself, the file's own order first:",
    "- none, greedy, vstar: 1.000, 0.000, 0.000, 0.000",
    "",
    "How rollouts ended:",
    "",
    "| control  | sampling | category | answer | malformed | length | turns | error |",
    "| -------- | -------- | -------- | ------ | --------- | ------ | ----- | ----- |",
    "| none     | greedy   | overall  | 16     | 0         | 0      | 0     | 0     |",
    "| as-given | greedy   | overall  | 4      | 0         | 0      | 0     | 0     |",
    "",
    "Behind ± the standard error over items; guess: right without a look at the picture; calls are those handed to the tool; IoU is over zooms on marked pictures",
    "",
    "Left out: 1",
    "- vstar/x: no such file",
  ]);
});
