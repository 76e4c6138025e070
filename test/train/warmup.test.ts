import { describe, expect, test } from "vitest";
import type { VisionConfig } from "../../src/model/config.ts";
import { Parameters } from "../../src/model/parameters.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import type { LessonRow } from "../../src/tasks/lessons/lesson.ts";
import type { Lessons } from "../../src/tasks/lessons/lessons.ts";
import { warmLessons } from "../../src/tasks/lessons/needle_lessons.ts";
import type { Learner } from "../../src/train/learner.ts";
import type { PackedGroup } from "../../src/train/pack.ts";
import {
  initialize,
  learningRateAt,
  packLessons,
  type Stage,
  stages,
  stepsOf,
  warmup,
} from "../../src/train/warmup.ts";
import tokenizerFile from "../golden/tokenizer-needle.json" with { type: "json" };
import { gpu } from "../support/device.ts";
import { lessonRows } from "../support/lesson_rows.ts";

const tokenizer = new Tokenizer(tokenizerFile);
const encode = (text: string) => tokenizer.encode(text);
const vision = { patchSize: 8, spatialMergeSize: 2 } as VisionConfig;
const imagePad = tokenizer.id("<|image_pad|>");

describe("packLessons", () => {
  const row = (kind: LessonRow["kind"]) => lessonRows({ ...warmLessons, mix: { [kind]: 1 } }, 1, 0, 1)[0]!;

  test("writes a row out: the text with each picture's tokens in it, of which the supervised text is predicted", () => {
    const lesson = { ...row("tool"), imageLabels: [] };
    const [{ prefix, sequences }] = packLessons([lesson], encode, vision) as [PackedGroup];
    const [{ tokens, images, targets }] = sequences as [PackedGroup["sequences"][number]];
    expect(prefix).toEqual({ tokens: [], images: [] });
    const spelled = lesson.spans.map(({ text }) => text).join("");
    expect(tokenizer.decode([...tokens])).toBe(spelled.replaceAll("<|image_pad|>", "<|image_pad|>".repeat(16)));
    expect(images.map(({ grid }) => grid)).toEqual([
      { t: 1, h: 8, w: 8 },
      { t: 1, h: 8, w: 8 },
    ]);
    const supervised = lesson.spans
      .filter((span) => span.supervised)
      .map(({ text }) => text)
      .join("");
    expect(tokenizer.decode(targets.map(({ token }) => token))).toBe(supervised);
    // Each target is the token that follows the one just read.
    for (const { at, token } of targets) expect(tokens[at + 1]).toBe(token);
    const weights = new Set(targets.map(({ weight }) => weight));
    expect([...weights]).toEqual([1 / targets.length]);
  });

  test("puts image labels at the image tokens themselves, with their own weights", () => {
    const lesson = row("cap");
    const [{ sequences }] = packLessons([lesson], encode, vision) as [PackedGroup];
    const [{ tokens, targets }] = sequences as [PackedGroup["sequences"][number]];
    const atImages = targets.filter(({ at }) => tokens[at] === imagePad);
    const labels = lesson.imageLabels.flat();
    expect(labels).toHaveLength(16);
    expect(tokens.filter((token) => token === imagePad)).toHaveLength(16);
    const first = tokens.indexOf(imagePad);
    const text = targets.filter((t) => !atImages.includes(t));
    const total = text.length + labels.reduce((sum, { weight }) => sum + weight, 0);
    expect(atImages).toEqual(
      labels.map(({ word, weight }, i) => ({ at: first + i, token: encode(word)[0], weight: weight / total })),
    );
  });

  test("lets the weights of all rows of a step add up to 1, every supervised token alike", () => {
    const rows = lessonRows(warmLessons, 5, 2, 20);
    const groups = packLessons(rows, encode, vision);
    expect(groups).toHaveLength(20);
    const targets = groups.flatMap(({ sequences }) => sequences.flatMap((s) => s.targets));
    expect(targets.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
    const [{ sequences: one }] = packLessons(rows.slice(0, 1), encode, vision) as [PackedGroup];
    expect(one[0]!.targets.map(({ at, token }) => [at, token])).toEqual(
      groups[0]!.sequences[0]!.targets.map(({ at, token }) => [at, token]),
    );
  });
});

describe("learningRateAt", () => {
  const stage = { steps: 100, learningRate: 2 } as Stage;
  test("rises linearly over 3 % of the steps, then falls as a cosine to 2 %", () => {
    expect(learningRateAt(stage, 0)).toBe(0);
    expect(learningRateAt(stage, 1)).toBeCloseTo(2 / 3, 9);
    expect(learningRateAt(stage, 3)).toBe(2);
    expect(learningRateAt(stage, 3 + 97 / 2)).toBeCloseTo(1, 9);
    expect(learningRateAt(stage, 99)).toBeCloseTo(0.04, 9);
    const rates = Array.from({ length: 97 }, (_, i) => learningRateAt(stage, 3 + i));
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
  });
});

test("stages() are a warm start of so many rows and a cold start that differs by variant", () => {
  const [warm, cold] = stages("needle", 2560) as [Stage, Stage];
  expect([warm.name, warm.steps, warm.rowsPerStep]).toEqual(["warm", 10, 256]);
  expect([cold.name, cold.steps]).toEqual(["cold", 100]);
  expect(stepsOf(stages("story", 2560))).toBe(70);
  expect(stages("story", 10)[1]!.lessons).not.toEqual(cold.lessons);
  expect(stepsOf(stages("needle", 1))).toBe(101);
});

describe("initialize", () => {
  const shapes = [
    { name: "model.language_model.embed_tokens.weight", shape: [300, 64] },
    { name: "model.language_model.layers.0.self_attn.q_proj.weight", shape: [128, 64] },
    { name: "model.language_model.layers.0.self_attn.o_proj.weight", shape: [64, 256] },
    { name: "model.visual.blocks.1.mlp.linear_fc2.weight", shape: [64, 256] },
    { name: "model.visual.patch_embed.proj.weight", shape: [64, 3, 2, 8, 8] },
    { name: "model.visual.blocks.1.norm1.weight", shape: [64] },
    { name: "model.visual.blocks.1.norm1.bias", shape: [64] },
  ];
  const initialized = async (seed: number) => {
    const parameters = new Parameters(gpu, shapes, { trained: true });
    for (const part of ["m", "v"] as const) parameters.set(shapes[1]!.name, new Float32Array(128 * 64).fill(3), part);
    initialize(parameters, seed, { text: 2, vision: 8 });
    const [weights, m] = [await parameters.read(), await parameters.read("m")];
    parameters.free();
    return { weights: shapes.map(({ name }) => weights.get(name)!), m: m.get(shapes[1]!.name)! };
  };

  test("samples the same weights for the same seed, others for another, and resets the optimizer", async () => {
    const [one, again, other] = [await initialized(4), await initialized(4), await initialized(5)];
    expect(again).toEqual(one);
    expect(other.weights[1]).not.toEqual(one.weights[1]);
    expect(one.m).toEqual(new Float32Array(128 * 64));
  });

  test("has the variance 1 / fan-in, less at the end of residual branches; norms are ones, biases zeros", async () => {
    const { weights } = await initialized(4);
    const deviations = weights.map((values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length));
    [0.05, 64 ** -0.5, 256 ** -0.5 / 2, 256 ** -0.5 / 4, 384 ** -0.5].forEach((wanted, i) => {
      expect(deviations[i]! / wanted, shapes[i]!.name).toBeGreaterThan(0.97);
      expect(deviations[i]! / wanted, shapes[i]!.name).toBeLessThan(1.03);
    });
    expect(weights[5]).toEqual(new Float32Array(64).fill(1));
    expect(weights[6]).toEqual(new Float32Array(64));
    const mean = weights[0]!.reduce((a, b) => a + b) / weights[0]!.length;
    expect(Math.abs(mean)).toBeLessThan(0.002);
  });
});

describe("warmup", () => {
  const stage = (name: Stage["name"], stream: number, steps: number): Stage => ({
    name,
    lessons: { ...warmLessons, stream },
    rowsPerStep: 4,
    steps,
    learningRate: 0.01,
  });
  const plan = [stage("warm", 3, 3), stage("cold", 4, 2)];

  /** The stages without a GPU: what was rendered, with which settings it was trained, and when the optimizer was reset. */
  async function run(stepsMade: number, stopAt = Number.POSITIVE_INFINITY, pauseAfter = 0) {
    const stop = new AbortController();
    const calls: string[] = [];
    const rendered: string[] = [];
    /** Updates in the queue, and events, as they come. */
    const order: string[] = [];
    let updates = 0;
    const learner: Pick<Learner, "update"> = {
      update: async (groups, settings, { updatesBefore, onSubmitted }) => {
        if (updates++ > stopAt) {
          stop.abort();
          throw stop.signal.reason;
        }
        onSubmitted?.();
        calls.push(`update ${updatesBefore + 1} of ${groups.length} rows at ${settings.learningRate.toFixed(5)}`);
        const targets = groups.flatMap(({ sequences }) => sequences.flatMap((s) => s.targets));
        const logprobs = new Float32Array(targets.length).fill(-2);
        return { logprobs, entropies: logprobs, terms: logprobs, gradNorm: 0.5 };
      },
    };
    const parameters = { resetOptimizer: () => void calls.push("reset") };
    const lessons = async (lessons: Lessons, seed: number, step: number, rows: number) => {
      rendered.push(`${lessons.stream} ${seed} ${step}`);
      return lessonRows(lessons, seed, step, rows);
    };
    const events = [];
    for await (const event of warmup({
      learner,
      parameters,
      tokenizer,
      vision,
      lessons,
      stages: plan,
      seed: 9,
      stepsMade,
      gradientCheckpointing: "auto",
      submitted: (step) => order.push(`submitted ${step}`),
      pausesAfter: (step) => step === pauseAfter,
      signal: stop.signal,
    })) {
      order.push(`event ${event.step}`);
      events.push(event);
    }
    return { calls, rendered, events, order };
  }

  test("makes its stages, each with a fresh optimizer, and emits the mean loss of every step", async () => {
    const { calls, rendered, events } = await run(0);
    const rate = (s: Stage, step: number) => learningRateAt(s, step).toFixed(5);
    expect(calls).toEqual([
      "reset",
      ...[0, 1, 2].map((i) => `update ${i + 1} of 4 rows at ${rate(plan[0]!, i)}`),
      "reset",
      ...[0, 1].map((i) => `update ${i + 1} of 4 rows at ${rate(plan[1]!, i)}`),
    ]);
    expect(rendered).toEqual(["3 9 0", "3 9 1", "3 9 2", "4 9 0", "4 9 1"]);
    expect(events.map(({ stage, step, steps, rows }) => [stage, step, steps, rows])).toEqual([
      ["warm", 1, 3, 4],
      ["warm", 2, 3, 8],
      ["warm", 3, 3, 12],
      ["cold", 1, 2, 4],
      ["cold", 2, 2, 8],
    ]);
    for (const { loss, gradNorm } of events) {
      expect(loss).toBeCloseTo(2, 6);
      expect(gradNorm).toBe(0.5);
    }
  });

  test("submits an update before it reads the last one, except where somebody wants the weights", async () => {
    const ahead = ["submitted 1", "submitted 2", "event 1", "submitted 3", "event 2", "event 3"];
    const cold = ["submitted 1", "submitted 2", "event 1", "event 2"];
    expect((await run(0)).order).toEqual([...ahead, ...cold]);
    const paused = ["submitted 1", "submitted 2", "event 1", "event 2", "submitted 3", "event 3"];
    expect((await run(0, undefined, 2)).order).toEqual([...paused, ...cold]);
  });

  test("ends without an event where it is stopped within a step", async () => {
    const { calls, events } = await run(0, 1);
    expect(calls).toHaveLength(3);
    expect(events.map(({ step }) => step)).toEqual([1, 2]);
  });

  test("continues within a stage as if it had not stopped", async () => {
    const whole = await run(0);
    const rest = await run(4);
    expect(rest.rendered).toEqual(whole.rendered.slice(4));
    expect(rest.calls).toEqual([`update 2 of 4 rows at ${learningRateAt(plan[1]!, 1).toFixed(5)}`]);
    expect(rest.events.map(({ stage, step, rows }) => [stage, step, rows])).toEqual([["cold", 2, 8]]);
    expect((await run(5)).calls).toEqual([]);
    expect((await run(3)).calls[0]).toBe("reset");
  });
});
