import { afterAll, beforeAll, expect, test } from "vitest";
import type { Intervention } from "../../../src/agent/branch_start.ts";
import type { Rollout, Segment } from "../../../src/agent/rollout.ts";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import type { AskedBranch } from "../../../src/app/session/rollout_branch.ts";
import type { Session } from "../../../src/app/session/session.ts";
import type { Task } from "../../../src/tasks/task.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { platform } from "../../support/shipped.ts";

const config = resolveConfig({ seed: 5, steps: 2, tasksPerStep: 1, rolloutsPerTask: 2, learningRate: 1e-3 });

let session: Session;
/** Of held-out tasks: one that zoomed and answered, one that answered at once. */
let zoomed: { rollout: Rollout; task: Task };
let direct: { rollout: Rollout; task: Task };

beforeAll(async () => {
  session = await openGpuSession(platform, config);
  const all: { rollout: Rollout; task: Task }[] = [];
  for await (const { task, rollouts } of session.roll({ tasks: 4, rolloutsPerTask: 4, greedy: false }))
    all.push(...rollouts.map((rollout) => ({ rollout, task })));
  zoomed = all.find(
    ({ rollout }) => rollout.end === "answer" && rollout.calls.some(({ outcome }) => outcome === "ok"),
  )!;
  direct = all.find(({ rollout }) => rollout.end === "answer" && rollout.calls.length === 0)!;
});
afterAll(() => session.close());

const branch = (of: { rollout: Rollout; task: Task }, what: Intervention, changes: Partial<AskedBranch> = {}) =>
  session.rollouts.branch({
    ...of,
    config,
    what,
    id: "branch",
    denied: false,
    seed: null,
    greedy: false,
    otherQuestion: false,
    ...changes,
  });

const tokensOf = ({ segments }: Rollout): number[] => segments.flatMap(({ tokens }) => tokens);
const unmarked = (segments: readonly Segment[]) => segments.map(({ given: _, ...rest }) => rest);
/** Positions of the model's tokens, and the tokens. */
const written = ({ segments }: Rollout): { at: number; token: number }[] => {
  let first = 0;
  return segments.flatMap(({ source, tokens }) => {
    const found = source === "model" ? tokens.map((token, i) => ({ at: first + i, token })) : [];
    first += tokens.length;
    return found;
  });
};

test("with its own token and its run's seed a branch is the rollout again, from any place, bit for bit", async () => {
  for (const of of [zoomed, direct]) {
    const all = written(of.rollout);
    for (const i of [0, 1, Math.floor(all.length / 2), all.length - 3, all.length - 1]) {
      const { at, token } = all[i]!;
      const { rollout, place } = await branch(of, { kind: "token", at, token });
      expect(place).toBe(at);
      expect(tokensOf(rollout)).toEqual(tokensOf(of.rollout));
      // But for the token that was given: nobody sampled it.
      let position = 0;
      for (const [s, segment] of rollout.segments.entries())
        for (const k of segment.tokens.keys()) {
          const original = of.rollout.segments[s]!;
          if (segment.source === "model") {
            expect(segment.logprobs[k]).toBe(position === at ? 0 : original.logprobs[k]);
            expect(segment.entropies[k]).toBe(position === at ? 0 : original.entropies[k]);
          }
          position++;
        }
      expect(rollout.calls).toEqual(of.rollout.calls);
      expect(rollout.reward).toEqual(of.rollout.reward);
      expect(rollout.advantage).toBeNull();
    }
  }
});

test("greedily it is the greedy rollout again, and another seed writes something else", async () => {
  const greedy: { rollout: Rollout; task: Task }[] = [];
  for await (const { task, rollouts } of session.roll({ tasks: 2, rolloutsPerTask: 1, greedy: true }))
    greedy.push({ rollout: rollouts[0]!, task });
  for (const of of greedy) {
    const [first] = written(of.rollout);
    const { rollout } = await branch(of, { kind: "token", ...first! }, { greedy: true, seed: 99 });
    expect(unmarked(rollout.segments).map(({ tokens }) => tokens)).toEqual(
      of.rollout.segments.map(({ tokens }) => tokens),
    );
    expect(rollout.segments[1]!.given).toEqual([[0, 1]]);
    expect(rollout.segments[1]!.logprobs.slice(1)).toEqual(of.rollout.segments[1]!.logprobs.slice(1));
  }
  const [first] = written(zoomed.rollout);
  const others = await Promise.all([1, 2, 3].map((seed) => branch(zoomed, { kind: "token", ...first! }, { seed })));
  expect(new Set(others.map(({ rollout }) => tokensOf(rollout).join())).size).toBeGreaterThan(1);
});

test("another token, a typed text and a box go on through tools and turns to an end", async () => {
  const before = structuredClone(zoomed.rollout);
  const answer = await branch(zoomed, {
    kind: "text",
    at: written(zoomed.rollout)[0]!.at,
    text: "<answer>7</answer><|im_end|>",
  });
  expect(answer.rollout).toMatchObject({ id: "branch", end: "answer", answer: "7", calls: [] });
  expect(answer.rollout.reward).not.toBeNull();
  // All of it was typed.
  expect(answer.answerProbability).toBeNull();

  const boxSourcePx: [number, number, number, number] = [100, 140, 260, 300];
  for (const of of [zoomed, direct]) {
    const { at } = written(of.rollout)[0]!;
    const { rollout, answerProbability } = await branch(of, { kind: "box", at, boxSourcePx }, { greedy: true });
    const [call] = rollout.calls;
    expect(call).toMatchObject({ segment: 1, name: "image_zoom_in_tool", outcome: "ok", imageIndex: 0 });
    expect(call!.boxSourcePx).toEqual([100, 140, 260, 300]);
    expect(rollout.segments.map(({ source }) => source).slice(0, 4)).toEqual(["prompt", "model", "tool", "model"]);
    expect(rollout.end).toBe("answer");
    expect(answerProbability).toBeGreaterThan(0);
    expect(answerProbability).toBeLessThanOrEqual(1);
  }
  expect(zoomed.rollout).toEqual(before);
});

test("a denied call is never made, also not in a branch of the branch", async () => {
  const call = zoomed.rollout.segments[1]!;
  const { at } = written(zoomed.rollout)[0]!;
  for (let seed = 0; seed < 4; seed++) {
    const { rollout, place } = await branch(zoomed, { kind: "deny", at: at + 5 }, { seed });
    expect(place).toBe(at + session.texts(call.tokens).indexOf("<tool_call>"));
    expect(rollout.calls).toEqual([]);
    expect(session.texts(tokensOf(rollout).slice(at)).includes("<tool_call>")).toBe(false);
  }
  const denied = await branch(zoomed, { kind: "deny", at });
  const again = await branch(
    { rollout: denied.rollout, task: zoomed.task },
    { kind: "token", ...written(denied.rollout)[0]! },
    { denied: true },
  );
  expect(again.rollout.segments).toMatchObject(unmarked(denied.rollout.segments).map(({ tokens }) => ({ tokens })));
});

test("a replaced result shows the model other pixels, or a text, and what it wrote before stays", async () => {
  const tool = written(zoomed.rollout)[0]!.at + zoomed.rollout.segments[1]!.tokens.length;
  const made = async (result: Extract<Intervention, { kind: "result" }>["result"]) =>
    (await branch(zoomed, { kind: "result", at: tool, result }, { greedy: true })).rollout;
  const own = { width: 60, height: 60, data: new Uint8Array(60 * 60 * 3).fill(200) };
  const [blank, shuffled, whole, other, mine, error] = [
    await made({ kind: "blank" }),
    await made({ kind: "shuffled" }),
    await made({ kind: "whole" }),
    await made({ kind: "box", boxSourcePx: [0, 0, 64, 64] }),
    await made({ kind: "picture", picture: own }),
    await made({ kind: "error", text: "Error: the tool is out of order" }),
  ];
  const pictures = [blank, shuffled, whole, other, mine].map((rollout) => rollout.calls[0]!.replaced!.picture!);
  const { boxSourcePx } = zoomed.rollout.calls[0]!;
  const side = boxSourcePx![2] - boxSourcePx![0];
  expect(pictures.map(({ width, height }) => [width, height])).toEqual([
    [side, side],
    [side, side],
    [512, 512],
    [64, 64],
    [60, 60],
  ]);
  expect(new Set(pictures[0]!.data)).toEqual(new Set([128]));
  // The same pixels in another order.
  const sum = (of: Uint8Array) => of.reduce((total, byte) => total + byte, 0);
  const replayed = (
    await branch(zoomed, { kind: "result", at: tool, result: { kind: "box", boxSourcePx: boxSourcePx! } })
  ).rollout.calls[0]!.replaced!.picture!;
  expect(sum(pictures[1]!.data)).toBe(sum(replayed.data));
  expect(pictures[1]!.data).not.toEqual(replayed.data);
  for (const rollout of [blank, shuffled, whole, other, mine]) {
    expect(unmarked(rollout.segments.slice(0, 2))).toEqual(unmarked(zoomed.rollout.segments.slice(0, 2)));
    expect(rollout.segments[2]).toMatchObject({ source: "tool", images: [1] });
    expect(rollout.segments[2]!.given).toEqual([[0, rollout.segments[2]!.tokens.length]]);
    expect(rollout.segments[3]!.source).toBe("model");
  }
  // What it is given changes what it finds likely.
  const likely = [blank, whole, other, mine, error].map(({ segments }) => segments[3]!.logprobs.join());
  expect(new Set(likely).size).toBe(5);
  expect(session.texts(error.segments[2]!.tokens).join("")).toContain("Error: the tool is out of order");
  expect(error.segments[2]!.images).toEqual([]);
  expect(error.calls[0]!).toMatchObject({ replaced: { kind: "error" }, message: "Error: the tool is out of order" });

  // A branch of the branch has its picture.
  const last = written(blank).at(-1)!;
  const child = await branch({ rollout: blank, task: zoomed.task }, { kind: "token", ...last }, { greedy: true });
  expect(child.rollout.segments.map(({ tokens }) => tokens)).toEqual(blank.segments.map(({ tokens }) => tokens));
  expect(child.rollout.calls[0]!.replaced).toEqual(blank.calls[0]!.replaced);
});

test("its own crop in the place of the tool's is the rollout again", async () => {
  const { boxSourcePx } = zoomed.rollout.calls[0]!;
  const result = { kind: "box" as const, boxSourcePx: boxSourcePx! };
  const { rollout } = await branch(zoomed, { kind: "result", at: written(zoomed.rollout)[0]!.at, result });
  expect(unmarked(rollout.segments)).toEqual(unmarked(zoomed.rollout.segments));
});

test("another question begins again from the prompt, and is not judged", async () => {
  const question = "What digit is on the other one?";
  const { rollout, task, place } = await branch(zoomed, { kind: "question", question });
  expect(task).toMatchObject({ id: zoomed.task.id, question });
  const [prompt] = rollout.segments;
  const [from, to] = prompt!.given![0]!;
  expect(place).toBe(from);
  expect(session.texts(prompt!.tokens).join("")).toContain(question);
  expect(session.texts(prompt!.tokens.slice(0, from))).toEqual(
    session.texts(zoomed.rollout.segments[0]!.tokens.slice(0, from)),
  );
  expect(to).toBeLessThan(prompt!.tokens.length);
  expect(rollout.reward).toBeNull();
  expect(rollout.unjudged).toContain("Not judged: the question was changed");
  const same = await branch(zoomed, { kind: "question", question: zoomed.task.question });
  expect(same.rollout.segments.map(({ tokens }) => tokens)).toEqual(
    zoomed.rollout.segments.map(({ tokens }) => tokens),
  );
});

test("what cannot stand there is one sentence", async () => {
  const { at } = written(zoomed.rollout)[0]!;
  const refused: [Intervention, RegExp][] = [
    [{ kind: "text", at, text: "" }, /^Expected a text, found none; type what the model is to have written$/],
    [
      { kind: "text", at, text: "a<|image_pad|>" },
      /^Expected tokens that a model may write, found <\|image_pad\|>; leave it out$/,
    ],
    [
      { kind: "text", at, text: "a<|im_end|>b" },
      /^Expected nothing behind <\|im_end\|>, which closes the turn, found 1 more tokens/,
    ],
    [{ kind: "text", at, text: "no ".repeat(5000) }, /^Expected a text of at most 4096 tokens, found \d+; write less$/],
    [
      { kind: "box", at, boxSourcePx: [500, 500, 600, 600] },
      /^Expected a box of at least one pixel inside the picture, which is 512 × 512, found \[500, 500, 600, 600\]; move it inside$/,
    ],
    [
      { kind: "result", at, result: { kind: "box", boxSourcePx: [5, 5, 5, 9] } },
      /^Expected a box of at least one pixel inside/,
    ],
    [{ kind: "result", at, result: { kind: "error", text: " " } }, /^Expected the text of an error, found none/],
    [
      { kind: "result", at: written(zoomed.rollout).at(-1)!.at, result: { kind: "blank" } },
      /^Expected a turn that calls a tool, found one that does not/,
    ],
    [{ kind: "question", question: " " }, /^Expected a question, found none; type what the model is to be asked$/],
    [
      { kind: "question", question: "What <|image_pad|> is it?" },
      /^Expected tokens that a model may write, found <\|image_pad\|>; leave it out$/,
    ],
    [
      { kind: "question", question: "<image> or <image>?" },
      /^Expected a question with 0 times <image>, each of which stands for a picture of the task, found 2; leave it out$/,
    ],
    [
      { kind: "question", question: "what ".repeat(5000) },
      /^Expected a question of at most 4096 tokens, found \d+; write less$/,
    ],
    [
      { kind: "result", at, result: { kind: "error", text: "no ".repeat(5000) } },
      /^Expected a text of at most 4096 tokens, found \d+; write less$/,
    ],
    [{ kind: "token", at: 0, token: 5 }, /^Token 1 of rollout .* is of the prompt, which the model did not write/],
    [{ kind: "token", at: 10_000, token: 5 }, /^Expected a token from 1 to \d+ of rollout .*, found 10001/],
    [{ kind: "token", at, token: 10_000_000 }, /^Expected tokens that a model may write, found id 10000000/],
  ];
  for (const [what, sentence] of refused) await expect(branch(zoomed, what)).rejects.toThrow(sentence);
  await expect(branch(zoomed, { kind: "box", at, boxSourcePx: [0, 0, 64, 64] }, { denied: true })).rejects.toThrow(
    /^Expected a turn in which a tool can be called, found one behind a denied call/,
  );
  const noTool = resolveConfig({ ...config, zoom: false });
  await expect(branch(zoomed, { kind: "box", at, boxSourcePx: [0, 0, 64, 64] }, { config: noTool })).rejects.toThrow(
    "Expected a run that offers the tool image_zoom_in_tool, found one that does not",
  );
});

test("a rollout that the model cannot have written is refused in one sentence, and by all who are asked", async () => {
  const changed = (change: (segments: Segment[]) => void): { rollout: Rollout; task: Task } => {
    const rollout = structuredClone(zoomed.rollout);
    change(rollout.segments);
    return { rollout, task: zoomed.task };
  };
  const asked = ({ rollout, task }: { rollout: Rollout; task: Task }) => [
    session.rollouts.measures(rollout, task, config),
    session.rollouts.attention(rollout, task, config, 0),
    session.rollouts.worths({ task, rollouts: [rollout], config, other: null }),
  ];
  const token = written(zoomed.rollout)[0]!;
  const foreign = changed(([prompt]) => {
    prompt!.tokens[0] = 999_999;
  });
  for (const answer of [...asked(foreign), branch(foreign, { kind: "token", ...token })])
    await expect(answer).rejects.toThrow(
      /^Expected tokens of the open model, which has 480, in rollout .*, found id 999999; open the model that the run trained$/,
    );
  const cut = changed(([, , tool]) => {
    tool!.tokens.splice(tool!.tokens.length / 2, 1);
  });
  for (const answer of asked(cut))
    await expect(answer).rejects.toThrow(/^Expected 32 image tokens in rollout .*its 2 pictures, found 31; open/);
  // A crop that did not fit into the response was never seen.
  const ended = changed((segments) => {
    segments.length = 2;
  });
  expect(await session.rollouts.measures(ended.rollout, ended.task, config)).toHaveLength(
    ended.rollout.segments[1]!.tokens.length,
  );
});

test("a judge on a server is not asked", async () => {
  const { at, token } = written(zoomed.rollout)[0]!;
  const judged = { ...config, judge: "verl", judgeUrl: "http://127.0.0.1:1/v1" } as typeof config;
  const { rollout } = await branch(zoomed, { kind: "token", at, token }, { config: judged });
  expect(rollout).toMatchObject({
    reward: null,
    unjudged: "Not judged: the run's judge verl is not asked about branches",
  });
});

test("a run has the same bits with branches between its events as without", async () => {
  const run = async (branches: boolean) => {
    await session.reset(config);
    const events: unknown[] = [];
    for await (const event of session.train()) {
      if (event.type === "group") events.push(event);
      if (event.type === "update") events.push(event.metrics);
      if (branches && (event.type === "group" || event.type === "update" || event.type === "decode"))
        await branch(direct, { kind: "box", at: written(direct.rollout)[0]!.at, boxSourcePx: [0, 0, 200, 200] });
    }
    const { files } = await session.checkpoint();
    return { events, weights: files.filter(({ name }) => name.endsWith(".safetensors")) };
  };
  const without = await run(false);
  const withThem = await run(true);
  expect(withThem.events).toEqual(without.events);
  for (const [i, { bytes }] of without.weights.entries())
    expect(bytes.every((byte, k) => byte === withThem.weights[i]!.bytes[k])).toBe(true);
});
