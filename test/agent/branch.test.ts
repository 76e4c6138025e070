import { expect, test } from "vitest";
import { type BranchRequest, growBranch } from "../../src/agent/branch.ts";
import { boxUnits, turnWithBox } from "../../src/agent/branch_box.ts";
import type { Intervention } from "../../src/agent/branch_start.ts";
import { type RollSettings, roll } from "../../src/agent/loop.ts";
import type { Rollout } from "../../src/agent/rollout.ts";
import { defineTool } from "../../src/agent/tools/tool.ts";
import { zoom } from "../../src/agent/tools/zoom.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { openChat } from "../../src/policy/chats.ts";
import type { PromptName } from "../../src/policy/offered_tool.ts";
import type { Passage } from "../../src/policy/policy.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import type { Task } from "../../src/tasks/task.ts";
import source from "../golden/tokenizer-needle.json" with { type: "json" };
import { ScriptedPolicy } from "../support/scripted_policy.ts";

const tokenizer = new Tokenizer(source);
const flat = (width: number, height: number, value: number): Pixels => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});
const task: Task = {
  id: "needle/0",
  source: "needle",
  question: "What digit is on the red square?",
  answer: "9",
  imageSizesPx: [{ width: 512, height: 512 }],
};
const settings: RollSettings = {
  seed: 5,
  step: 3,
  rolloutsPerTask: 1,
  temperature: 1,
  greedy: false,
  firstTurnTokens: 60,
  nextTurnTokens: 60,
  maxToolCalls: 1,
  zoom: true,
  crop: "source",
  prompt: "compact",
  tool: "saccade",
  toolErrors: "end",
  toolRows: "named",
  tools: [zoom],
  responseTokens: 0,
  frame: "relative-1000",
  minSidePx: 32,
  modelInput: (pixels) => flat(64, 64, pixels.data[0]!),
  imageTokens: () => 16,
};
const call = (box: readonly number[]) =>
  `<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [${box.join(", ")}], "label": "it"}}\n</tool_call><|im_end|>`;
const answer = (text: string) => `<answer>${text}</answer><|im_end|>`;

/** A rollout that a script wrote, and branches of it in which another one goes on. */
async function scripted(turns: readonly string[], changes: Partial<RollSettings> = {}, of: Task = task) {
  const used = { ...settings, ...changes };
  const chat = openChat(used.prompt, tokenizer, used.tools);
  const pictures = () => [flat(512, 512, 7)];
  const rolling = roll(
    { policy: new ScriptedPolicy(tokenizer, (_, turn) => turns[turn]!), chat, tokenizer, pictures },
    [of],
    used,
  );
  let next = await rolling.next();
  while (!next.done) next = await rolling.next();
  const rollout = next.value.rollouts[0]![0]!;
  const at = rollout.segments[0]!.tokens.length;
  const branch = async (what: Intervention, onwards: readonly string[], more: Partial<BranchRequest> = {}) => {
    const policy = new ScriptedPolicy(tokenizer, (_, turn) => onwards[turn]!);
    const request = { rollout, task: of, what, id: "b", denied: false, ...more };
    const grown = await growBranch({ policy, chat, tokenizer, pictures }, request, used);
    const begun = policy.batches[0];
    return { ...grown, begun, behind: (begun?.prompts[0] as { behind?: Passage & { sampled: number } })?.behind };
  };
  return { rollout, at, branch, chat };
}
const texts = ({ segments }: Rollout) => segments.map(({ tokens }) => tokenizer.decode(tokens));

test("a turn's box is changed in place, and a call is written where there is none", () => {
  const chat = openChat("compact", tokenizer, [zoom]);
  const written = (text: string, strict: boolean) => {
    const tokens = tokenizer.encode(text);
    const { kept, given } = turnWithBox(tokens, [1, 2, 3, 4], { tokenizer, chat, strict });
    return tokenizer.decode([...tokens.slice(0, kept), ...given]);
  };
  expect(written(call([10, 20, 30, 40]), true)).toBe(call([1, 2, 3, 4]));
  expect(written(`<think>a</think>${call([10, 20, 30, 40])}`, false)).toBe(`<think>a</think>${call([1, 2, 3, 4])}`);
  const plain = call([1, 2, 3, 4]).replace(', "label": "it"', "");
  expect(written(answer("9"), true)).toBe(plain);
  expect(written(`<think>a</think>${answer("9")}`, false)).toBe(`<think>a</think>${plain}`);
  // It is drawn on the task's picture, and not on the crop that the call was about.
  const other = call([5, 6, 7, 8]).replace(', "label"', ', "image_index": 1, "label"');
  expect(written(other, true)).toBe(call([1, 2, 3, 4]));
});

test("a box has the units that the environment reads", () => {
  const view = { original: flat(400, 200, 0), modelInput: flat(100, 50, 0) };
  const units = (tool: RollSettings["tool"], frame: RollSettings["frame"]) =>
    boxUnits([40, 20, 200, 101], view, { tool, frame });
  expect(units("saccade", "relative-1000")).toEqual([100, 100, 500, 505]);
  expect(units("verl", "relative-1000")).toEqual([10, 5, 50, 25]);
  expect(units("deepeyes", "relative-1000")).toEqual([40, 20, 200, 101]);
  // Never narrower than a unit.
  expect(boxUnits([399, 199, 400, 200], view, { tool: "verl", frame: "relative-1000" })).toEqual([99, 49, 100, 50]);
});

test.each([
  ["verl", "verl"],
  ["deepeyes", "deepeyes"],
] as const)("a box goes through the rules of %s", async (prompt: PromptName, tool) => {
  const { rollout, at, branch } = await scripted([`<think>a</think>${answer("4")}`], { prompt, tool });
  const { rollout: made, behind } = await branch({ kind: "box", at, boxSourcePx: [64, 64, 448, 448] }, [answer("9")]);
  expect(made.calls).toHaveLength(1);
  expect(made.calls[0]).toMatchObject({ segment: 1, outcome: "ok" });
  expect(texts(made)[1]).toMatch(/^<think>a<\/think><tool_call>/);
  expect(made.answer).toBe("9");
  // The thoughts are the model's own, and so are their numbers.
  const [from] = made.segments[1]!.given![0]!;
  expect(made.segments[1]!.logprobs.slice(0, from)).toEqual(rollout.segments[1]!.logprobs.slice(0, from));
  expect(behind!.images).toHaveLength(1);
  expect(behind!.tokens).toEqual(made.segments.slice(1, 3).flatMap(({ tokens }) => tokens));
  // Sampled or given, tokens of the model count in the key of the next one.
  expect(behind!.sampled).toBe(made.segments[1]!.tokens.length);
});

test("samples have the keys of the rollout; a denied branch may sample no call", async () => {
  const { rollout, at, branch, chat } = await scripted([call([100, 100, 400, 400]), answer("4")]);
  rollout.taskIndex = 3;
  rollout.rolloutIndex = 2;
  const first = rollout.segments[1]!.tokens[0]!;
  const { begun, behind } = await branch({ kind: "token", at, token: first }, [
    call([1, 1, 9, 9]).slice(11),
    answer("2"),
  ]);
  expect(begun!.sampling).toMatchObject({ seed: 5, step: 3, firstTask: 3, firstRollout: 2, temperature: 1 });
  expect(begun!.sampling.suppressed).not.toContain(chat.toolCallStart);
  expect(behind).toMatchObject({ tokens: [first], sampled: 1 });
  const denied = await branch({ kind: "deny", at: at + 3 }, [answer("1")]);
  expect(denied.begun!.sampling.suppressed).toContain(chat.toolCallStart);
  expect(denied).toMatchObject({ place: at, behind: undefined, rollout: { answer: "1", calls: [] } });
  const below = await branch({ kind: "token", at, token: first }, ["{}<|im_end|>"], { denied: true });
  expect(below.rollout).toMatchObject({ end: "malformed", calls: [] });
});

test("a text that closes its turn needs no model where that ends the rollout", async () => {
  const { at, branch } = await scripted([answer("4")]);
  const { rollout, begun } = await branch({ kind: "text", at, text: answer("7") }, []);
  expect(begun).toBeUndefined();
  expect(rollout).toMatchObject({ end: "answer", answer: "7" });
});

test("limits are those of what the model writes: typed text comes on top", async () => {
  const { at, branch } = await scripted([answer("4")], { firstTurnTokens: 6, zoom: false });
  const text = "1 2 3 4 5 6 7 8 9 ";
  const { begun, rollout } = await branch({ kind: "text", at, text }, ["1".repeat(50)]);
  const typed = tokenizer.encode(text).length;
  expect(begun!.writes).toEqual([{ rows: [0], maxTokens: 6 }]);
  expect(rollout.end).toBe("length");
  expect(rollout.segments[1]!.tokens).toHaveLength(typed + 6);
  // One token in the place of another is one of the model's.
  const one = await branch({ kind: "token", at, token: tokenizer.encode("1")[0]! }, ["1".repeat(50)]);
  expect(one.rollout.segments[1]!.tokens).toHaveLength(6);
});

test("a result that leaves no room is one sentence", async () => {
  const turn = call([100, 100, 400, 400]);
  const { chat } = await scripted([answer("4")]);
  const used = tokenizer.encode(turn).length;
  const observed = chat.observation("", [16]).length;
  // The tool's own answer did not fit.
  const tight = await scripted([turn], { responseTokens: used + observed });
  expect(tight.rollout).toMatchObject({ end: "length", calls: [{ outcome: "ok" }] });
  await expect(tight.branch({ kind: "result", at: tight.at, result: { kind: "whole" } }, [])).rejects.toThrow(
    `Expected a result that leaves room in the response, which may have ${used + observed} tokens, found ${used + observed} with it; choose a smaller picture or a shorter text`,
  );
  const short = { kind: "error", text: "no" } as const;
  const made = await tight.branch({ kind: "result", at: tight.at, result: short }, [answer("9")]);
  expect(made.rollout).toMatchObject({ answer: "9", calls: [{ message: "no", replaced: { kind: "error" } }] });
});

test("the question stands in the row's own messages", async () => {
  const messages = [
    { role: "system", content: "You look." },
    { role: "user", content: "<image>\nWhat digit is on the red square? Say it." },
  ];
  const of = { ...task, messages };
  const { branch } = await scripted([answer("4")], { prompt: "deepeyes", tool: "deepeyes" }, of);
  const asked = await branch({ kind: "question", question: "Which colour?" }, [answer("red")]);
  expect(texts(asked.rollout)[0]).toContain("Which colour? Say it.");
  expect(asked.task.messages![1]!.content).toBe("<image>\nWhich colour? Say it.");
  const [from, to] = asked.rollout.segments[0]!.given![0]!;
  expect(tokenizer.decode(asked.rollout.segments[0]!.tokens.slice(from, to))).toContain("colour");
  expect(of.messages).toBe(messages);
});

test("a tool of one's own that keeps a state begins anew, and gives back what it keeps", async () => {
  const open: string[] = [];
  const counter = defineTool<object, { calls: number }>({
    name: "count_tool",
    label: "Count",
    help: "counts its calls",
    schema: { description: "Count.", parameters: { type: "object", properties: {}, required: [] } },
    open: () => {
      open.push("open");
      return { calls: 0 };
    },
    call: (_, { state }) => ({ text: `call ${++state.calls}` }),
    close: () => void open.push("close"),
  });
  const count = '<tool_call>\n{"name": "count_tool", "arguments": {}}\n</tool_call><|im_end|>';
  const { rollout, branch } = await scripted([count, count, answer("4")], { tools: [counter], maxToolCalls: 3 });
  const last = rollout.segments.reduce((n, { tokens }) => n + tokens.length, 0) - 1;
  open.length = 0;
  const made = await branch({ kind: "text", at: last, text: count }, [answer("9")], { known: [counter] });
  expect(made.rollout.calls.map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  expect(open).toEqual([]);
});
