import { describe, expect, test } from "vitest";
import type { Rollout } from "../../src/agent/rollout.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Task } from "../../src/tasks/task.ts";
import { answerTurn } from "../../src/train/answer_swap.ts";
import { causalMetrics, summarizeWorths, zoomVerdict, zoomWorths } from "../../src/train/causal_zoom.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { needleModel } from "../support/shipped.ts";

const { tokenizer, model } = await needleModel();
const { vision, imageTokenId } = model.config;
const text = (tokens: readonly number[]) => tokenizer.decode([...tokens]);

const plain = (side: number, level: number): Pixels => ({
  width: side,
  height: side,
  data: new Uint8Array(side * side * 3).fill(level),
});

const pad = (count: number) => new Array(count).fill(imageTokenId);

/** A rollout of task `t` that saw a picture of a tool, `side` pixels wide, if any, and answered. */
function rollout(t: number, answer: string, side: number | null): Rollout {
  const model = (written: string) => ({
    source: "model" as const,
    tokens: tokenizer.encode(written),
    logprobs: [],
    entropies: [],
    images: [],
  });
  const prompt = {
    ...model(""),
    source: "prompt" as const,
    tokens: [...pad(16), ...tokenizer.encode("What?")],
    images: [0],
  };
  const gave =
    side === null
      ? []
      : [
          model('<tool_call>\n{"name": "z"}\n</tool_call><|im_end|>'),
          { ...model(""), source: "tool" as const, tokens: pad((side / 16) ** 2), images: [1] },
        ];
  return {
    id: `1·${t}·0`,
    answer,
    segments: [prompt, ...gave, model(`<answer>${answer}</answer><|im_end|>`)],
  } as unknown as Rollout;
}

const task = (answer: string) => ({ id: answer, answer }) as Task;

describe("the turn that answers", () => {
  test("is cut where the answer begins, and takes another answer in its place", () => {
    const turn = answerTurn(rollout(0, "7", null), tokenizer)!;
    expect(text([...turn.before, ...turn.given])).toBe("<answer>7</answer><|im_end|>");
    expect(text(turn.given).startsWith("7")).toBe(true);
    expect([...turn.before, ...turn.with("3")]).toEqual(tokenizer.encode("<answer>3</answer><|im_end|>"));
    expect(turn.with("7")).toEqual(turn.given);
  });

  test("is the last place where the answer stands", () => {
    const said = { ...rollout(0, "7", null) };
    said.segments = said.segments.with(-1, {
      ...said.segments.at(-1)!,
      tokens: tokenizer.encode("7 is it: <answer>7</answer><|im_end|>"),
    });
    expect(text(answerTurn(said, tokenizer)!.before)).toBe("7 is it: <answer>");
  });

  test("is not there without an answer", () => {
    expect(answerTurn({ ...rollout(0, "7", null), answer: null }, tokenizer)).toBeNull();
    expect(answerTurn({ ...rollout(0, "7", null), answer: "not written" }, tokenizer)).toBeNull();
  });
});

describe("what a tool's picture was worth", () => {
  const rolled = {
    rollouts: [[rollout(0, "7", 32)], [rollout(1, "4", 16)], [rollout(2, "5", null)]],
    promptImages: [[plain(64, 10)], [plain(64, 20)], [plain(64, 30)]],
    toolImages: [[[plain(32, 40)]], [[plain(16, 50)]], [[]]],
  };
  const tasks = [task("3"), task("4"), task("5")];

  test("is asked with each counterfactual for the right and the given answer, and those without one for no call", async () => {
    const asked: PackedGroup[] = [];
    const learner = {
      logprobs: async (groups: readonly PackedGroup[]) => {
        asked.push(...groups);
        const targets = groups.flatMap(({ sequences }) => sequences.flatMap((one) => one.targets));
        // The first token of each answer has probability 1/2, what follows is certain.
        const isFirst = new Set(groups.flatMap(({ sequences }) => sequences.map((one) => one.targets[0])));
        return Float32Array.from(targets, (target) => (isFirst.has(target) ? Math.log(0.5) : 0));
      },
    };
    const settings = { temperature: 1, suppressed: [] };
    const worths = await zoomWorths({ learner, tokenizer, vision, settings }, rolled, tasks);
    expect(worths.map(({ rollout, called }) => [rollout, called])).toEqual([
      ["1·0·0", true],
      ["1·1·0", true],
      ["1·2·0", false],
    ]);
    for (const { gold, given } of worths)
      for (const value of [...Object.values(gold), ...Object.values(given)]) expect(value).toBeCloseTo(0.5, 6);

    expect(asked.map(({ sequences }) => sequences.length)).toEqual([10, 10, 2]);
    const [first] = asked;
    expect(first!.prefix.tokens).toEqual(rolled.rollouts[0]![0]!.segments[0]!.tokens);
    const answersOf = (from: number) =>
      first!.sequences.slice(from, from + 2).map(({ tokens, targets }) => {
        // Every target is the token behind the one it is predicted from.
        for (const { at, token } of targets) expect(tokens[at + 1]).toBe(token);
        return text(targets.map(({ token }) => token)).replace("</answer><|im_end|>", "");
      });
    for (const from of [0, 2, 4, 6, 8]) expect(answersOf(from)).toEqual(["3", "7"]);
    const sizes = first!.sequences.map(({ images }) => images.map(({ grid }) => [grid.h, grid.w]));
    expect(new Set(sizes.slice(0, 8).map(String)).size).toBe(1);
    expect(sizes.slice(8)).toEqual([[], []]);
    const values = first!.sequences.map(({ images }) => images[0]?.pixels.data[0]);
    const [tool, , blank, , other, , whole] = values;
    expect(new Set([tool, blank, other, whole]).size).toBe(4);
    expect(text(first!.sequences[8]!.tokens)).toBe("<answer>3</answer><|im_end|>");
  });

  test("is summed up as gain and harm", () => {
    const all = (tool: number, none: number) => ({ tool, blank: 0, other: 0, whole: 0, none });
    const summary = summarizeWorths(
      [
        { rollout: "a", called: true, gold: all(1, 0.25), given: all(1, 0) },
        { rollout: "b", called: true, gold: all(0.5, 1), given: all(1, 0) },
        { rollout: "c", called: false, gold: all(0.25, 0.25), given: all(1, 1) },
        { rollout: "d", called: false, gold: all(0.5, 0.5), given: all(1, 1) },
      ],
      6,
    );
    expect(summary).toMatchObject({ rollouts: 6, answered: 4, called: 2 });
    expect([summary.gold!.tool, summary.gold!.none]).toEqual([0.75, 0.625]);
    expect([summary.withTool, summary.withoutTool]).toEqual([2.25 / 4, 2 / 4]);
    expect([summary.gain, summary.harm]).toEqual([0.75 / 4, 0.5 / 4]);
    // What is gained and lost is the difference between both.
    expect(summary.gain! - summary.harm!).toBeCloseTo(summary.withTool! - summary.withoutTool!, 12);
    expect(summarizeWorths([], 3)).toEqual({ rollouts: 3, answered: 0, called: 0 });
  });
});

describe("a zoom rate that dies", () => {
  const evaluated = (zoom_rate: number, withTool: number, withoutTool: number) => ({
    zoom_rate,
    ...causalMetrics({ rollouts: 8, answered: 8, called: 0, withTool, withoutTool, gain: 0, harm: 0 }),
  });

  test("is harmless where the answers are as good without the tool, and harmful where they are not", () => {
    const before = [evaluated(0.9, 0.8, 0.1)];
    expect(zoomVerdict(evaluated(0.01, 0.85, 0.85), before)).toMatch(/harmless so far: without a call 85 % .* 80 %/);
    expect(zoomVerdict(evaluated(0.01, 0.12, 0.12), before)).toMatch(/harmful: without a call 12 % .* 80 % were/);
    expect(zoomVerdict(evaluated(0.01, 0.78, 0.78), before)).toMatch(/harmless/);
  });

  test("has no verdict while it lives, where it never lived, and where nothing was measured", () => {
    expect(zoomVerdict(evaluated(0.5, 0.8, 0.1), [evaluated(0.9, 0.8, 0.1)])).toBeNull();
    expect(zoomVerdict(evaluated(0.01, 0.8, 0.1), [evaluated(0.1, 0.8, 0.1)])).toBeNull();
    expect(zoomVerdict(evaluated(0.01, 0.8, 0.1), [])).toBeNull();
    expect(zoomVerdict({ zoom_rate: 0.01 }, [{ zoom_rate: 0.9 }])).toBeNull();
  });

  test("leaves out of an evaluation's metrics what was not measured", () => {
    expect(causalMetrics(summarizeWorths([], 3))).toEqual({});
    expect(Object.keys(evaluated(1, 0.5, 0.5))).toEqual([
      "zoom_rate",
      "causal/with_tool",
      "causal/without_tool",
      "causal/gain",
      "causal/harm",
    ]);
  });
});
