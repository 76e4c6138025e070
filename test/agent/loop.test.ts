import { beforeEach, describe, expect, test } from "vitest";
import { type Rolled, type RollSettings, roll } from "../../src/agent/loop.ts";
import type { RollEvent } from "../../src/agent/rollout.ts";
import { defineTool, type Tool } from "../../src/agent/tools/tool.ts";
import { zoom } from "../../src/agent/tools/zoom.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { compactChat } from "../../src/policy/chat.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import type { Task } from "../../src/tasks/task.ts";
import conversations from "../golden/chat/conversations.json" with { type: "json" };
import source from "../golden/tokenizer-needle.json" with { type: "json" };
import { ScriptedPolicy } from "../support/scripted_policy.ts";

const tokenizer = new Tokenizer(source);
const chat = compactChat(tokenizer);
const flat = (width: number, height: number, value: number): Pixels => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

const task = (i: number): Task => ({
  id: `needle/0/train/0/${i}`,
  source: "needle",
  question: "What digit is on the red square?",
  answer: "9",
  imageSizesPx: [{ width: 512, height: 512 }],
  goldBoxSourcePx: [256, 256, 384, 384],
});
const pictures = (of: Task) => [flat(512, 512, Number(of.id.at(-1)) + 1)];

const settings: RollSettings = {
  seed: 5,
  step: 3,
  rolloutsPerTask: 2,
  temperature: 1,
  greedy: false,
  firstTurnTokens: 18,
  nextTurnTokens: 15,
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

const answer = (text: string) => `<answer>${text}</answer><|im_end|>`;
const call = (box: number[]) =>
  `<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [${box.join(", ")}], "label": "the red square"}}\n</tool_call><|im_end|>`;

/** Rolls with a script: `script[row][turn]` is what the row says. */
async function run(
  script: string[][],
  changes: Partial<RollSettings> = {},
  more: { pictures?: (task: Task) => Pixels[] } = {},
) {
  const policy = new ScriptedPolicy(tokenizer, (row, turn) => script[row]![turn]!);
  const used = { ...settings, rolloutsPerTask: 1, ...changes };
  const tasks = Array.from({ length: script.length / used.rolloutsPerTask }, (_, i) => task(i));
  const rolling = roll({ policy, chat, tokenizer, pictures: more.pictures ?? pictures }, tasks, used);
  const events: RollEvent[] = [];
  for (;;) {
    const next = await rolling.next();
    if (next.done)
      return { ...(next.value satisfies Rolled), rows: next.value.rollouts.flat(), events, batch: policy.batches[0]! };
    if (next.value.type !== "ended") events.push(next.value);
  }
}

describe("roll", () => {
  test.each([
    [Number.NaN, 0.2],
    [Number.NEGATIVE_INFINITY, 0.2],
    [-0.1, Number.NaN],
  ])("a model whose numbers are none (%d, entropy %d) is no model that answers nothing", async (logprob, entropy) => {
    const policy = new ScriptedPolicy(tokenizer, () => answer("9"));
    const begin = policy.begin.bind(policy);
    policy.begin = async (...of) => {
      const conversations = await begin(...of);
      return {
        ...conversations,
        async *write(rows, maxTokens) {
          const turns = yield* conversations.write(rows, maxTokens);
          return turns.map((turn) => ({
            ...turn,
            logprobs: turn.logprobs.map(() => logprob),
            entropies: turn.entropies.map(() => entropy),
          }));
        },
      };
    };
    const rolling = roll({ policy, chat, tokenizer, pictures }, [task(0)], { ...settings, rolloutsPerTask: 1 });
    const all = async () => {
      for await (const _ of rolling);
    };
    await expect(all()).rejects.toThrow(
      `Expected log-probabilities that are numbers, found ${logprob} (entropy ${entropy}) at token 1 of turn 1 of needle/0/train/0/0`,
    );
    expect(policy.batches[0]!.closed).toBe(true);
  });

  test("a direct answer ends after one turn", async () => {
    const { rows, rollouts, promptImages, toolImages, events, batch } = await run([[answer("9")], [answer("4")]], {
      rolloutsPerTask: 2,
    });
    const prompt = chat.prompt({ question: task(0).question }, [16]);
    const tokens = tokenizer.encode(answer("9"));
    expect(rows[0]).toEqual({
      id: "4·0·0",
      step: 4,
      taskIndex: 0,
      rolloutIndex: 0,
      task: "needle/0/train/0/0",
      segments: [
        { source: "prompt", tokens: prompt, logprobs: [], entropies: [], images: [0] },
        {
          source: "model",
          tokens,
          logprobs: [-0.5, -0.5, -0.5, -0.5],
          entropies: [0.25, 0.25, 0.25, 0.25],
          images: [],
        },
      ],
      calls: [],
      end: "answer",
      answer: "9",
      reward: null,
      advantage: null,
    });
    expect(rows.map((row) => [row.id, row.answer])).toEqual([
      ["4·0·0", "9"],
      ["4·0·1", "4"],
    ]);
    expect(rollouts.map((group) => group.length)).toEqual([2]);
    expect(promptImages).toEqual([[flat(64, 64, 1)]]);
    expect(toolImages).toEqual([[[], []]]);
    expect(events).toEqual([{ type: "decode", step: 4, turn: 1, tokens: 8, waiting: 0, done: 2 }]);
    expect(batch.prompts).toEqual([{ tokens: prompt, images: [flat(64, 64, 1)] }]);
    expect(batch.rolloutsPerPrompt).toBe(2);
    expect(batch.sampling).toEqual({
      seed: 5,
      step: 3,
      firstTask: 0,
      temperature: 1,
      suppressed: chat.reserved,
      stops: chat.stops,
    });
    expect(batch.closed).toBe(true);
  });

  test("a call is answered with the crop, then the model answers; others do not wait for it", async () => {
    const { rows, toolImages, events, batch } = await run([
      [call([500, 500, 750, 750]), answer("9")],
      [answer("1")],
      [call([0, 0, 500, 500]), answer("2")],
    ]);
    expect(rows.map((row) => [row.end, row.answer])).toEqual([
      ["answer", "9"],
      ["answer", "1"],
      ["answer", "2"],
    ]);
    expect(rows[0]!.segments.map(({ source, images }) => [source, images])).toEqual([
      ["prompt", [0]],
      ["model", []],
      ["tool", [1]],
      ["model", []],
    ]);
    expect(rows[0]!.segments[2]!.tokens).toEqual(chat.observation("", [16]));
    expect(rows[0]!.calls).toEqual([
      {
        segment: 1,
        name: "image_zoom_in_tool",
        outcome: "ok",
        boxWritten: [500, 500, 750, 750],
        imageIndex: 0,
        label: "the red square",
        boxSourcePx: [256, 256, 384, 384],
        iou: 1,
      },
    ]);
    expect(toolImages).toEqual([[[flat(64, 64, 1)]], [[]], [[flat(64, 64, 3)]]]);
    expect(batch.appended).toEqual([
      {
        rows: [0, 2],
        passages: [
          { tokens: chat.observation("", [16]), images: [flat(64, 64, 1)] },
          { tokens: chat.observation("", [16]), images: [flat(64, 64, 3)] },
        ],
      },
    ]);
    expect(batch.writes).toEqual([
      { rows: [0, 1, 2], maxTokens: 18 },
      { rows: [0, 2], maxTokens: 15 },
    ]);
    expect(batch.suffixTokens).toBe(18 + chat.observation("", [16]).length + 15);
    expect(events.filter(({ waiting }) => waiting === 0).map(({ turn, done }) => [turn, done])).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test("tells the conversations of the reference over again, token for token", async () => {
    for (const { text, ids, policy_mask } of conversations) {
      const turns = [...text.matchAll(/<\|im_start\|>assistant\n(.*?<\|im_end\|>)/gs)].map((match) => match[1]!);
      const policy = new ScriptedPolicy(tokenizer, (_, turn) => turns[turn]!);
      const asked = { ...task(0), question: /(What[^<]*)<\|im_end\|>/.exec(text)![1]! };
      const rolling = roll({ policy, chat, tokenizer, pictures }, [asked], {
        ...settings,
        rolloutsPerTask: 1,
        nextTurnTokens: 5,
      });
      let next = await rolling.next();
      while (!next.done) next = await rolling.next();
      const { segments, end } = next.value.rollouts[0]![0]!;
      expect(end).toBe("answer");
      expect(segments.flatMap(({ tokens }) => tokens)).toEqual(ids);
      expect(segments.flatMap(({ source, tokens }) => tokens.map(() => Number(source === "model")))).toEqual(
        policy_mask,
      );
    }
  });

  test("progress counts all tokens of the step and never falls", async () => {
    const { events, rows } = await run([[call([500, 500, 750, 750]), call([0, 0, 10, 10])], [answer("1")]]);
    const decoded = events.flatMap((event) => (event.type === "decode" ? [event] : []));
    expect(new Set(decoded.map((event) => event.turn))).toEqual(new Set([1, 2]));
    const counts = decoded.map((event) => event.tokens);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const firstTurns = rows.reduce((sum, row) => sum + row.segments[1]!.tokens.length, 0);
    expect(decoded.find((event) => event.turn === 2)!.tokens).toBe(firstTurns + 4);
  });

  test("a turn that is neither call nor answer ends the rollout", async () => {
    const { rows, batch } = await run([
      ["9<|im_end|>"],
      ["<tool_call>\n{oops}\n</tool_call><|im_end|>"],
      ["<|im_end|>"],
    ]);
    expect(rows.map((row) => [row.end, row.answer, row.segments.length])).toEqual([
      ["malformed", null, 2],
      ["malformed", null, 2],
      ["malformed", null, 2],
    ]);
    expect(rows.map((row) => row.calls.map((one) => one.outcome))).toEqual([[], ["not_json"], []]);
    expect(batch.appended).toEqual([]);
  });

  test("a bad box ends the rollout as malformed and the call says why", async () => {
    const { rows, toolImages } = await run([[call([750, 500, 500, 750])]]);
    expect(rows[0]!.end).toBe("malformed");
    expect(rows[0]!.calls).toEqual([
      expect.objectContaining({
        segment: 1,
        outcome: "bad_box",
        message: expect.stringContaining("x1 < x2"),
        boxWritten: [750, 500, 500, 750],
      }),
    ]);
    expect(toolImages).toEqual([[[]]]);
  });

  test("a turn without a stop token ends the rollout, whatever it says", async () => {
    const { rows } = await run([
      ["<answer>9</answer>"],
      ["9".repeat(40)],
      [call([500, 500, 750, 750]), "12345678901234567890"],
    ]);
    expect(rows.map((row) => [row.end, row.answer])).toEqual([
      ["length", null],
      ["length", null],
      ["length", null],
    ]);
    expect(rows[1]!.segments[1]!.tokens.length).toBe(18);
    expect(rows[2]!.segments.at(-1)!.tokens.length).toBeLessThanOrEqual(15);
  });

  test("one call more than allowed ends the rollout and is not carried out", async () => {
    const { rows } = await run([[call([500, 500, 750, 750]), call([0, 0, 500, 500])]]);
    expect(rows[0]!.end).toBe("turns");
    expect(rows[0]!.calls.length).toBe(1);
    expect(rows[0]!.segments.map(({ source }) => source)).toEqual(["prompt", "model", "tool", "model"]);
  });

  test("two calls, the second into the first crop, where two are allowed", async () => {
    const nested =
      '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 500, 500], "image_index": 1}}\n</tool_call><|im_end|>';
    const { rows, toolImages, batch } = await run([[call([500, 500, 750, 750]), nested, answer("9")]], {
      maxToolCalls: 2,
      nextTurnTokens: 60,
    });
    expect(rows[0]!.end).toBe("answer");
    expect(
      rows[0]!.calls.map(({ segment, imageIndex, boxSourcePx }) => ({ segment, imageIndex, boxSourcePx })),
    ).toEqual([
      { segment: 1, imageIndex: 0, boxSourcePx: [256, 256, 384, 384] },
      { segment: 3, imageIndex: 1, boxSourcePx: [0, 0, 64, 64] },
    ]);
    expect(rows[0]!.segments.flatMap(({ images }) => images)).toEqual([0, 1, 2]);
    expect(toolImages[0]![0]!.length).toBe(2);
    expect(batch.suffixTokens).toBe(18 + 2 * (chat.observation("", [16]).length + 60));
  });

  test("blank: the model sees grey", async () => {
    const { rows, toolImages } = await run([[call([500, 500, 750, 750]), answer("9")]], { crop: "blank" });
    expect(rows[0]!.calls[0]!.outcome).toBe("ok");
    expect(toolImages[0]![0]).toEqual([flat(64, 64, 128)]);
  });

  test("zoom off: the call token is suppressed, no space is reserved, and a call that comes all the same is malformed", async () => {
    const { rows, batch } = await run([[call([500, 500, 750, 750])], [answer("9")]], { zoom: false });
    expect(batch.sampling.suppressed).toEqual([...chat.reserved, chat.toolCallStart]);
    expect(batch.suffixTokens).toBe(18);
    expect(rows.map((row) => [row.end, row.calls.length])).toEqual([
      ["malformed", 0],
      ["answer", 0],
    ]);
  });

  test("greedy samples at temperature 0", async () => {
    expect((await run([[answer("9")]], { greedy: true })).batch.sampling.temperature).toBe(0);
  });

  test("a crop that is shown larger than any picture does not fit and ends the rollout", async () => {
    const { rows, batch } = await run([[call([500, 500, 750, 750])]], {
      modelInput: (pixels) => pixels,
      imageTokens: ({ width }) => (width === 512 ? 16 : 17),
    });
    expect(rows[0]!.end).toBe("length");
    expect(batch.appended).toEqual([]);
  });

  test("the cache is given back when the caller stops early and when the policy fails", async () => {
    const policy = new ScriptedPolicy(tokenizer, () => call([500, 500, 750, 750]));
    const rolling = roll({ policy, chat, tokenizer, pictures }, [task(0)], settings);
    expect((await rolling.next()).value).toMatchObject({ type: "decode", turn: 1 });
    await rolling.return(undefined as never);
    expect(policy.batches[0]!.closed).toBe(true);

    const failing = new ScriptedPolicy(tokenizer, () => {
      throw new Error("device lost");
    });
    await expect(roll({ policy: failing, chat, tokenizer, pictures }, [task(0)], settings).next()).rejects.toThrow(
      "device lost",
    );
    expect(failing.batches[0]!.closed).toBe(true);
  });
});

describe("tools of one's own", () => {
  const long = { firstTurnTokens: 60, nextTurnTokens: 60 };
  const opened: string[] = [];
  const closed: string[] = [];
  const own = (call: Tool["call"], more: Partial<Tool> = {}): Tool =>
    defineTool({
      name: "own_tool",
      label: "Own",
      help: "a tool of one's own",
      schema: { description: "Does it.", parameters: { type: "object", properties: { n: { type: "number" } } } },
      open: (of) => {
        opened.push(of.id);
        return { calls: 0 };
      },
      close: () => {
        closed.push("closed");
      },
      call,
      ...more,
    });
  const ownCall = (n: number) => `<tool_call>\n{"name": "own_tool", "arguments": {"n": ${n}}}\n</tool_call><|im_end|>`;
  beforeEach(() => {
    opened.length = 0;
    closed.length = 0;
  });

  test("a text alone is appended, and space for a long one is reserved", async () => {
    const text = own(async ({ n }) => ({ text: `${n} words` }), { maxTextTokens: 40 });
    const { rows, toolImages, batch } = await run([[ownCall(3), answer("9")]], { ...long, tools: [zoom, text] });
    expect(batch.appended[0]!.passages).toEqual([{ tokens: chat.observation("3 words", []), images: [] }]);
    expect(rows[0]).toMatchObject({ end: "answer", calls: [{ name: "own_tool", outcome: "ok", segment: 1 }] });
    expect(toolImages).toEqual([[[]]]);
    expect(batch.suffixTokens).toBe(60 + chat.observation("", [16]).length + 40 + 60);
  });

  test("one that fails ends its rollout alone, named in a sentence", async () => {
    const failing = own(({ n }) => {
      if (n === 2) throw new Error("no map of the place");
      return { text: "fine" };
    });
    const script = [
      [ownCall(1), answer("9")],
      [ownCall(2), answer("9")],
    ];
    const { rows, events } = await run(script, { ...long, tools: [failing], rolloutsPerTask: 2 });
    expect(rows.map(({ end, error, answer }) => [end, error, answer])).toEqual([
      ["answer", undefined, "9"],
      ["error", "The tool own_tool failed: no map of the place", null],
    ]);
    expect(rows[1]!.calls).toEqual([]);
    expect(events.map(({ done }) => done)).toContain(1);
  });

  test("a state is opened at a rollout's first call, handed to each and closed at its end", async () => {
    const counting = own((_, { state }) => {
      const kept = state as { calls: number };
      return { text: `call ${++kept.calls}` };
    });
    const script = [[ownCall(1), ownCall(1), answer("9")], [answer("9")]];
    const { batch } = await run(script, { ...long, tools: [counting], maxToolCalls: 2 });
    expect(batch.appended.map(({ passages }) => passages.map(({ tokens }) => tokens))).toEqual([
      [chat.observation("call 1", [])],
      [chat.observation("call 2", [])],
    ]);
    expect([opened, closed]).toEqual([[task(0).id], ["closed"]]);
  });

  test("a state that cannot be given back is a failure of the tool; one of a run that stops is given back all the same", async () => {
    const close = () => {
      closed.push("tried");
      throw new Error("file in use");
    };
    const { rows } = await run([[ownCall(1), answer("9")]], {
      ...long,
      tools: [own(() => ({ text: "x" }), { close })],
    });
    expect(rows[0]).toMatchObject({ end: "error", error: "The tool own_tool failed: file in use" });
    closed.length = 0;
    const policy = new ScriptedPolicy(tokenizer, () => ownCall(1));
    const rolling = roll({ policy, chat, tokenizer, pictures }, [task(0)], {
      ...settings,
      ...long,
      rolloutsPerTask: 1,
      tools: [own(() => ({ text: "x" }))],
      maxToolCalls: 9,
    });
    for (;;) {
      const next = await rolling.next();
      if (next.done || (next.value.type === "decode" && next.value.turn === 2)) break;
    }
    expect(closed).toEqual([]);
    await rolling.return(undefined as never);
    expect(closed).toEqual(["closed"]);
  });

  test("one that never gives back what it keeps, or never has it, holds no run that stops", async () => {
    const never = () => new Promise<never>(() => {});
    for (const more of [{ close: never }, { open: never }]) {
      const stop = new AbortController();
      const tools = [own(() => ({ text: "x" }), more)];
      const rolling = run([[ownCall(1), answer("9")]], { ...long, tools, signal: stop.signal });
      setTimeout(() => stop.abort(new Error("enough")), 50);
      await expect(rolling).rejects.toThrow("enough");
    }
  });

  test("a picture's token in what it answers stands for no picture", async () => {
    const text = own(() => ({ text: "see <|image_pad|>" }));
    const { rows } = await run([[ownCall(1), answer("9")]], { ...long, tools: [text] });
    const [, , answered] = rows[0]!.segments;
    expect(answered!.tokens).not.toContain(tokenizer.id("<|image_pad|>"));
    expect(tokenizer.decode(answered!.tokens)).toContain("see <|image_pad |>");
  });
});
