import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { notForeign, readForeign } from "../../../src/app/foreign_log/read_foreign.ts";
import { LogReader } from "../../../src/app/run/log_reader.ts";
import { loggedSteps } from "../../../src/interop/logs/logged_steps.ts";
import { rlLoggingBoardLog } from "../../../src/interop/logs/rl_logging_board_log.ts";
import { trlLog } from "../../../src/interop/logs/trl_log.ts";
import { verlLog } from "../../../src/interop/logs/verl_log.ts";
import { blobBytes } from "../../../src/tasks/byte_source.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import { filesOf, linesOf, loggedEvents, needleTokenizer } from "../../support/logged_run.ts";

const given = (name: string, content: string | Uint8Array) => blobBytes(name, new Blob([content as BlobPart]));
const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** The events of a log, as the page's reader of untrusted logs takes them: nothing may be left out. */
async function eventsOf(...files: ReturnType<typeof given>[]): Promise<TrainEvent[]> {
  const log = await readForeign(files);
  const reader = new LogReader("the log", "look", { strict: true });
  const events = linesOf([...log!.events()]).map((line) => reader.line(line)!);
  expect(reader.end().notices).toEqual([]);
  return events;
}
const rolloutsOf = (events: readonly TrainEvent[]): Rollout[] =>
  events.flatMap((event) => (event.type === "group" ? event.rollouts : []));
const textOf = ({ segments }: Rollout): string[] =>
  segments.map(({ source, texts }) => `${source}: ${texts!.join("")}`);

async function* logged() {
  yield* loggedEvents;
}

test("a dump that verl's own code wrote opens: parts of the reward, turns, and calls that showed a picture", async () => {
  const text = await Deno.readTextFile(new URL("../../golden/verl/rollout_dump.jsonl", import.meta.url));
  const events = await eventsOf(given("100.jsonl", text));
  const rollouts = rolloutsOf(events);
  expect(rollouts).toHaveLength(12);
  const zoomed = rollouts.find(({ calls }) => calls.length > 0)!;
  expect(zoomed.segments.map(({ source }) => source)).toEqual(["prompt", "model", "tool", "model"]);
  expect(zoomed.calls).toMatchObject([
    { name: "image_zoom_in_tool", outcome: "ok", boxWritten: [610, 430, 1000, 650] },
  ]);
  expect(zoomed.reward!.parts).toEqual({ answer: 0, format: 0, zoom: 0 });
  const [step] = events.filter((event) => event.type === "update");
  expect(step).toMatchObject({ metrics: { zoom_rate: expect.closeTo(0.6, 0) } });
});

test.each([
  ["verl", () => verlLog(loggedSteps(logged()), needleTokenizer)],
  ["RLLoggingBoard", () => rlLoggingBoardLog(loggedSteps(logged()), needleTokenizer)],
  ["TRL", () => trlLog(loggedSteps(logged()), needleTokenizer)],
])("what we write for %s opens again: steps, turns, rewards, calls", async (program, write) => {
  const files = await filesOf(write());
  const log = (await readForeign(Object.entries(files).map(([name, bytes]) => given(name, bytes))))!;
  expect(log.program).toBe(program);
  const events = await eventsOf(...Object.entries(files).map(([name, bytes]) => given(name, bytes)));
  expect(events.filter(({ type }) => type === "update").map((event) => "step" in event && event.step)).toEqual([1, 2]);
  const zoomed = rolloutsOf(events)[0]!;
  expect(zoomed.segments.map(({ source }) => source)).toEqual(["prompt", "model", "tool", "model"]);
  expect(zoomed.segments[3]!.texts!.join("")).toBe("<answer>9</answer><|im_end|>");
  expect(zoomed.answer).toBe("9");
  expect(zoomed.reward!.total).toBeCloseTo(1.75);
  expect(zoomed.calls).toHaveLength(1);
});

test("verl's own dump has no special tokens, and extras of its reward function", async () => {
  const output =
    '<think>see</think><tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1, 2, 30, 40], "label": "x"}}\n</tool_call>\nuser\n<tool_response>\n<image></tool_response>\nassistant\n<answer>red</answer>';
  const rows = [0.8, -0.2].map((score) => ({
    input: "system\nYou help.\nuser\nWhich colour?\nassistant\n",
    output,
    gts: "red",
    score,
    step: 3,
    acc: score > 0,
  }));
  const events = await eventsOf(given("3.jsonl", lines(...rows)));
  const [first, second] = rolloutsOf(events);
  expect(events[1]).toMatchObject({ type: "tasks", step: 3, tasks: [{ question: "Which colour?", answer: "red" }] });
  expect(first!.segments.map(({ source }) => source)).toEqual(["prompt", "model", "tool", "model"]);
  expect(first!.calls).toMatchObject([
    { name: "image_zoom_in_tool", outcome: "ok", boxWritten: [1, 2, 30, 40], label: "x", segment: 1 },
  ]);
  expect(first).toMatchObject({ answer: "red", reward: { total: 0.8, right: true }, elsewhere: { model: "verl" } });
  expect(second).toMatchObject({ rolloutIndex: 1, reward: { total: -0.2, right: false } });
  expect(events.at(-1)).toMatchObject({
    type: "update",
    metrics: { reward: 0.30000000000000004, accuracy: 0.5, zoom_rate: 1 },
  });
});

test("RLLoggingBoard's tokens keep their log-probabilities, and Python's NaN is read", async () => {
  const row =
    '{"prompt":"2+2?","response":"is 4","response_tokens":["is"," 4"],"logprobs":[-0.5,NaN],"ref_logprobs":[0,0],"values":[0,0],"token_rewards":[0,1],"reward":1,"step":5}\n';
  const [one] = rolloutsOf(await eventsOf(given("rollouts.jsonl", row)));
  expect(one!.segments[1]).toMatchObject({ texts: ["is", " 4"], tokenCount: 2 });
  expect(one!.segments[1]!.logprobs[0]).toBe(-0.5);
  expect(one!.segments[1]!.logprobs[1]).toBeNaN();
});

test("TRL's rows have a column for each reward function", async () => {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "step", data: [7n, 7n], type: "INT64" },
      { name: "prompt", data: ["p", "p"], type: "STRING" },
      { name: "completion", data: ["<answer>a</answer>", "b"], type: "STRING" },
      { name: "accuracy_reward", data: [1, 0], type: "DOUBLE" },
      { name: "format_reward", data: [0.5, 0], type: "DOUBLE" },
      { name: "advantage", data: [0.7, -0.7], type: "DOUBLE" },
    ],
  });
  const [first, second] = rolloutsOf(await eventsOf(given("completions_00007.parquet", new Uint8Array(buffer))));
  expect(first).toMatchObject({
    step: 7,
    advantage: 0.7,
    reward: { total: 1.5, parts: { accuracy_reward: 1, format_reward: 0.5 }, right: true },
  });
  expect(second!.reward).toMatchObject({ total: 0, right: false });
});

test("verifiers' results and traces are conversations", async () => {
  const messages = [
    {
      role: "user",
      content: [
        { type: "text", text: "Which?" },
        { type: "image_url", image_url: {} },
      ],
    },
  ];
  const call = { id: "1", type: "function", function: { name: "zoom", arguments: '{"bbox_2d":[1,2,3,4]}' } };
  const answered = [
    { role: "assistant", content: "look", tool_calls: [call] },
    { role: "tool", content: "nothing" },
    { role: "assistant", content: "<answer>red</answer>" },
  ];
  const result = {
    example_id: 4,
    prompt: messages,
    completion: answered,
    answer: "red",
    reward: 1,
    is_truncated: false,
  };
  const failed = { ...result, completion: null, reward: 0, error: { error: "ModelError" } };
  const [one, two] = rolloutsOf(
    await eventsOf(given("results.jsonl", lines(result, failed)), given("metadata.json", "{}")),
  );
  expect(textOf(one!)).toEqual([
    "prompt: user: Which?<image>",
    'model: look\n<tool_call>\n{"name":"zoom","arguments":{"bbox_2d":[1,2,3,4]}}\n</tool_call>',
    "tool: nothing",
    "model: <answer>red</answer>",
  ]);
  expect(one).toMatchObject({ answer: "red", calls: [{ name: "zoom", outcome: "answered", message: "nothing" }] });
  expect(two).toMatchObject({ end: "error", error: "ModelError" });
  const nodes = [...messages, ...answered].map((message, i) => ({ parent: i === 0 ? null : i - 1, message }));
  const trace = {
    version: 1,
    id: "a",
    task: { type: "Zoom", data: { answer: "red" }, key: "k" },
    nodes,
    rewards: { right: { score: 1, weight: 2 }, none: null },
  };
  const [traced] = rolloutsOf(await eventsOf(given("traces.jsonl", lines(trace))));
  expect(textOf(traced!)).toEqual(textOf(one!));
  expect(traced!.reward).toMatchObject({ total: 2, parts: { right: 2 } });
});

test("what is nobody's is left to others, and rows between that are not the log's are counted", async () => {
  for (const text of ["", "x\n", '{"image":"a.png","question":"q"}\n', "[1]\n"])
    expect(await readForeign([given("a.jsonl", text)])).toBeNull();
  expect(await readForeign([given("a.txt", "x")])).toBeNull();
  expect(notForeign("a.jsonl")).toMatch(/^Expected rollouts of verl .* in a\.jsonl/);
  const row = { input: "i", output: "o", gts: "g", score: 1, step: 1 };
  const log = await readForeign([given("1.jsonl", `${lines(row)}{"cut\n${lines({ other: 1 }, row)}`)]);
  expect(log).toMatchObject({ rollouts: 2 });
  expect(log!.notices[1]).toBe("Left out, since they are no rows of verl: 2, first line 2 of 1.jsonl");
  await expect(readForeign([given("a.parquet", "PAR1")])).rejects.toThrow("expected a whole parquet file");
});

test("a hostile row is text, never more", async () => {
  const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
  const rows = [
    '{"input":{"__proto__":{"x":1}},"output":"<tool_call>{\\"name\\":7}</tool_call><tool_response>","score":"1e999","step":-4,"gts":["<img src=x onerror=alert(1)>"]}',
    `{"input":${deep},"output":"o","score":1}`,
    `{"input":"a","output":${JSON.stringify("<tool_response>".repeat(20_000))},"score":1e400,"step":1e300}`,
    `{"input":"b","output":${JSON.stringify("<tool_call>".repeat(20_000))},"score":true,"pred":{"a":1}}`,
  ];
  const began = performance.now();
  const rollouts = rolloutsOf(await eventsOf(given("1.jsonl", `${rows.join("\n")}\n`)));
  expect(performance.now() - began).toBeLessThan(5000);
  expect(rollouts.length).toBeGreaterThanOrEqual(3);
  for (const { calls } of rollouts) expect(calls.length).toBeLessThanOrEqual(64);
  const nodes = [
    { parent: 1, message: {} },
    { parent: 0, message: { role: "assistant", content: "x" } },
  ];
  const looped = { id: "a", task: {}, nodes, rewards: {} };
  expect(rolloutsOf(await eventsOf(given("traces.jsonl", lines(looped))))).toHaveLength(1);
});
