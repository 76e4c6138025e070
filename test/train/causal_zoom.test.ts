import { describe, expect, test } from "vitest";
import type { Rollout } from "../../src/agent/rollout.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import type { Task } from "../../src/tasks/task.ts";
import { answerTurn } from "../../src/train/answer_swap.ts";
import { causalMetrics, summarizeWorths } from "../../src/train/causal_summary.ts";
import { probedTasks, zoomWorths } from "../../src/train/causal_zoom.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import { pixelSight } from "../../src/train/pixel_sight.ts";
import { joinedSight } from "../../src/train/sight.ts";
import { ZoomVerdicts, zoomVerdict } from "../../src/train/zoom_verdict.ts";
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

  test.each([
    ["a", "<answer>a</answer><|im_end|>", "<answer>"],
    ["wer", "<answer>wer</answer><|im_end|>", "<answer>"],
    ["7", "<think>7 or 3</think><answer> 7 </answer> 7 is it<|im_end|>", "<think>7 or 3</think><answer>"],
    ["7", "<answer>7</answer><answer></answer> 7<|im_end|>", "<answer>"],
    // Without tags all of the text is the answer.
    ["end", "end<|im_end|>", ""],
    ["a", "<answer>a<|im_end|>", "<answer>"],
  ])("%s is found where it was read, in %s", (answer, written, before) => {
    const said = { ...rollout(0, answer, null) };
    said.segments = said.segments.with(-1, { ...said.segments.at(-1)!, tokens: tokenizer.encode(written) });
    const turn = answerTurn(said, tokenizer)!;
    expect(text(turn.before).trim()).toBe(before);
    expect(text([...turn.before, ...turn.with("3")])).toBe(
      written.replace(new RegExp(`(?<=^${before.replace(/[|]/g, ".")}\\s*)${answer}`), "3"),
    );
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
    const worths = await zoomWorths({ learner, tokenizer, vision, settings }, probedTasks(rolled, tasks));
    expect(worths.map(({ rollout, called }) => [rollout, called])).toEqual([
      ["1·0·0", true],
      ["1·1·0", true],
      ["1·2·0", false],
    ]);
    for (const { gold, given } of worths)
      for (const value of [...Object.values(gold), ...Object.values(given)]) expect(value).toBeCloseTo(0.5, 6);

    // The second and the third are right: both answers are one.
    expect(asked.map(({ sequences }) => sequences.length)).toEqual([10, 5, 1]);
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

  test("has no other task's picture where there is none, and no calls without a picture are taken for none", async () => {
    let sequences = 0;
    const learner = {
      logprobs: async (groups: readonly PackedGroup[]) => {
        sequences = groups.flatMap((group) => group.sequences).length;
        return new Float32Array(groups.flatMap((group) => group.sequences.flatMap(({ targets }) => targets)).length);
      },
    };
    const failed = rollout(1, "4", null);
    const [prompt, answer] = failed.segments;
    failed.segments = [
      prompt!,
      { ...answer!, tokens: tokenizer.encode("<tool_call>") },
      { ...prompt!, source: "tool" },
      answer!,
    ];
    const alone = { ...rolled, rollouts: [[rollout(0, "7", 32)], [failed]], toolImages: [[[plain(32, 40)]], [[]]] };
    const parts = { learner, tokenizer, vision, settings: { temperature: 1, suppressed: [] } };
    const [first, second] = await zoomWorths(parts, probedTasks(alone, tasks.slice(0, 2)));
    expect(Object.keys(first!.gold).sort()).toEqual(["blank", "none", "tool", "whole"]);
    expect(second!.called).toBe(false);
    // Eight of the first; of the second its conversation, and none.
    expect(sequences).toBe(8 + 2);
    const summary = summarizeWorths([first!], 1);
    expect(summary.gold).not.toHaveProperty("other");
    expect(summary.gold!.whole).toBe(1);
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

describe("whether the learner sees", () => {
  const rolled = {
    rollouts: [[rollout(0, "7", 32)]],
    promptImages: [[plain(64, 10)]],
    toolImages: [[[plain(32, 40)]]],
  };
  const settings = { temperature: 1, suppressed: [] };
  /** Finds every token likely where it sees a picture, and less so in grey; or the same, where it is blind. */
  const learnerThat = (sees: boolean) => ({
    logprobs: async (groups: readonly PackedGroup[]) => {
      const pictures = groups.flatMap(({ prefix, sequences }) => [
        ...prefix.images,
        ...sequences.flatMap((s) => s.images),
      ]);
      const isGrey = pictures.every(({ pixels }) => pixels.data.every((level) => level === 128));
      const targets = groups.flatMap(({ sequences }) => sequences.flatMap((one) => one.targets));
      return new Float32Array(targets.length).fill(sees && isGrey ? -2 : -0.5);
    },
  });

  test("is the rise of its loss where all pictures are grey", async () => {
    const written = rolled.rollouts[0]![0]!.segments.flatMap((one) =>
      one.source === "model" ? one.tokens : [],
    ).length;
    expect(await pixelSight({ learner: learnerThat(true), vision, settings }, rolled)).toEqual({
      tokens: written,
      loss: 0.5,
      blankLoss: 2,
    });
    expect(await pixelSight({ learner: learnerThat(false), vision, settings }, rolled)).toMatchObject({
      loss: 0.5,
      blankLoss: 0.5,
    });
    const textOnly = { ...rolled, promptImages: [[]], toolImages: [[[]]] };
    expect(await pixelSight({ learner: learnerThat(true), vision, settings }, textOnly)).toBeNull();
  });

  test("is a mean over tokens", () => {
    const part = (tokens: number, loss: number) => ({ tokens, loss, blankLoss: 2 * loss });
    expect(joinedSight([part(1, 1), part(3, 2)])).toEqual({ tokens: 4, loss: 1.75, blankLoss: 3.5 });
    expect(joinedSight([])).toBeNull();
  });
});

describe("a zoom rate that dies", () => {
  const evaluated = (zoom_rate: number, withTool: number, withoutTool: number) => ({
    zoom_rate,
    ...causalMetrics({ rollouts: 8, answered: 8, called: 0, withTool, withoutTool, gain: 0, harm: 0 }),
  });

  test("is harmless where the answers are as good without the tool, and harmful where they are not", () => {
    const before = [evaluated(0.9, 0.8, 0.1)];
    const verdict = (now: number) => zoomVerdict(evaluated(0.01, now, now), before)!;
    expect(verdict(0.85).sentence).toMatch(/harmless so far: without a call 85 % .* 80 % were .* 10 % without$/);
    expect(verdict(0.12).sentence).toMatch(/harmful: without a call 12 % .* 80 % were/);
    expect([0.85, 0.78, 0.12].map((now) => verdict(now).harmful)).toEqual([false, false, true]);
  });

  test("is measured by evaluations in which zooming was alive: what was right without it since is not the tool's", () => {
    const before = [evaluated(0.9, 0.6, 0.1), evaluated(0.01, 0.9, 0.9)];
    expect(zoomVerdict(evaluated(0.01, 0.8, 0.8), before)!.harmful).toBe(false);
  });

  test("is harmless where the tool was worth nothing, whatever else makes answers worse", () => {
    // A run of story without a bonus: as many answers are right without their crops from the beginning.
    const before = [evaluated(0.4, 0.86, 0.85), evaluated(0.27, 0.79, 0.79)];
    expect(zoomVerdict(evaluated(0.05 - 1e-6, 0.78, 0.78), before)!.harmful).toBe(false);
    expect(zoomVerdict(evaluated(0, 0.72, 0.72), [evaluated(0.4, 0.86, 0.8)])!.harmful).toBe(true);
  });

  test("is told once, again where the verdict turns, and not again by a run that goes on", () => {
    const course = [
      evaluated(0.9, 0.8, 0.1),
      evaluated(0.01, 0.1, 0.1),
      evaluated(0.02, 0.2, 0.2),
      evaluated(0, 0.8, 0.8),
      evaluated(0.01, 0.9, 0.9),
    ];
    const verdicts = new ZoomVerdicts([]);
    const told = course.map((metrics) => verdicts.after(metrics));
    expect(told.map((sentence) => sentence?.match(/harm\w+/)?.[0] ?? null)).toEqual([
      null,
      "harmful",
      null,
      "harmless",
      null,
    ]);
    for (let made = 1; made < course.length; made++) {
      const goesOn = new ZoomVerdicts(course.slice(0, made));
      expect(course.slice(made).map((metrics) => goesOn.after(metrics))).toEqual(told.slice(made));
    }
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
