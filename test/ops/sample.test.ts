import { describe, expect, test } from "vitest";
import { Plan } from "../../src/gpu/plan.ts";
import { noIndex } from "../../src/gpu/tensor.ts";
import { summarize } from "../../src/ops/logprob.ts";
import {
  collect,
  conversationIn,
  conversationWordCount,
  pick,
  placeWordCount,
  prepare,
  putConversation,
  putPlace,
  putSpan,
  type SampleState,
  sampleWordCount,
  samplingWordCount,
  samplingWords,
  spanWordCount,
} from "../../src/ops/sample.ts";
import { philox } from "../../src/tasks/random.ts";
import { gpu } from "../support/device.ts";
import { random } from "../support/gradcheck.ts";

/** "samp", the stream of the sampler's random numbers. */
const stream = 0x73616d70;

interface Conversation {
  task: number;
  rollout: number;
  sampled?: number;
  done?: boolean;
}

interface Setting {
  seed?: number;
  step?: number;
  temperature?: number;
  greedy?: boolean;
  stops?: number[];
  suppressed?: number[];
  /** Tokens to sample for each row; 1 unless given. */
  rounds?: number;
}

interface Sampled {
  /** By slot: tokens sampled in `rounds` runs, with log-probability and entropy of each. */
  tokens: number[][];
  logprobs: number[][];
  entropies: number[][];
  state: Uint32Array;
}

/**
 * Samples `rounds` times for every row. `logits[row]` are that row's, `slots[row]` is its conversation or `noIndex`.
 */
async function sampleTokens(
  conversations: Conversation[],
  slots: number[],
  logits: Float32Array[],
  { seed = 3, step = 5, temperature = 1, greedy = false, stops = [], suppressed = [], rounds = 1 }: Setting = {},
): Promise<Sampled> {
  const [B, V] = [slots.length, logits[0]!.length];
  const capacity = rounds + Math.max(0, ...conversations.map((c) => c.sampled ?? 0));
  const plan = new Plan(gpu, "sample");
  const slotCount = conversations.length;
  const state = new Uint32Array(slotCount * conversationWordCount);
  for (const [slot, { task, rollout, sampled = 0, done = false }] of conversations.entries())
    putConversation(state, slot, { token: 77, cached: 4, position: 9, sampled, done, task, rollout });
  const words = samplingWords({ seed, step, greedy, temperature, stops });
  const sample: SampleState = {
    conversations: plan.upload("conversations", state, [slotCount, conversationWordCount]),
    places: plan.upload("places", new Uint32Array(slotCount * 4), [slotCount, 4]),
    sampling: plan.upload("sampling", words, [samplingWordCount]),
    allowed: plan.upload(
      "allowed",
      Uint32Array.from({ length: V }, (_, v) => Number(!suppressed.includes(v))),
      [V],
    ),
    samples: plan.upload("samples", new Uint32Array(slotCount * capacity * sampleWordCount).fill(noIndex), [
      slotCount,
      capacity,
      sampleWordCount,
    ]),
  };
  const all = new Float32Array(B * V);
  logits.forEach((row, b) => {
    all.set(row, b * V);
  });
  const rows = plan.upload("logits", all, [B, V]);
  const stats = summarize(plan, rows, {
    allowed: sample.allowed,
    temperature: plan.upload("temperature", Float32Array.of(temperature), [1]),
  });
  pick(plan, sample, { slots: plan.upload("slots", new Uint32Array(slots), [B]), logits: rows, stats });
  for (let round = 0; round < rounds; round++) plan.run();
  const [samples, after] = await gpu.readUint(sample.samples, sample.conversations);
  plan.free();
  const numbers = new Float32Array(samples!.buffer);
  const bySlot = <T>(of: (place: number) => T) =>
    conversations.map((_, slot) => {
      const places = Array.from({ length: capacity }, (_, i) => (slot * capacity + i) * sampleWordCount);
      return places.filter((place) => samples![place] !== noIndex).map(of);
    });
  return {
    tokens: bySlot((place) => samples![place]!),
    logprobs: bySlot((place) => numbers[place + 1]!),
    entropies: bySlot((place) => numbers[place + 2]!),
    state: after!,
  };
}

/** Natural log-probabilities in double precision; -Infinity where suppressed. */
function logSoftmax(logits: Float32Array, temperature = 1, suppressed: readonly number[] = []): number[] {
  const scaled = Array.from(logits, (x, v) => (suppressed.includes(v) ? Number.NEGATIVE_INFINITY : x / temperature));
  const top = Math.max(...scaled);
  const lse = top + Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - top), 0));
  return scaled.map((x) => x - lse);
}

/** The id whose part of the cumulative distribution contains the random number of this token. */
function expectedToken(
  logprobs: readonly number[],
  { seed, step, task, rollout, token }: Record<"seed" | "step" | "task" | "rollout" | "token", number>,
): number {
  const uniform = (philox([step, task, rollout, token], [seed, stream])[0] >>> 8) / 2 ** 24;
  let below = 0;
  return logprobs.findIndex((logprob) => {
    below += Math.exp(logprob);
    return below > uniform;
  });
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const rollouts = (count: number): Conversation[] => range(count).map((rollout) => ({ task: 2, rollout }));
const scaledBy = (factor: number, seed: number, count: number) => random(seed, count).map((x) => x * factor);

describe("pick()", () => {
  test("samples the softmax: frequencies of 8192 samples from one row are within four standard deviations", async () => {
    const [B, rounds] = [1024, 8];
    const logits = scaledBy(2, 1, 20);
    const suppressed = [0, 7, 19];
    const { tokens } = await sampleTokens(
      rollouts(B),
      range(B),
      range(B).map(() => logits),
      { temperature: 0.8, suppressed, rounds },
    );
    const counts = new Array<number>(20).fill(0);
    for (const token of tokens.flat()) counts[token]!++;
    const n = B * rounds;
    expect(counts.reduce((a, b) => a + b)).toBe(n);
    logSoftmax(logits, 0.8, suppressed).forEach((logprob, v) => {
      const p = Math.exp(logprob);
      expect(Math.abs(counts[v]! - n * p), `id ${v}`).toBeLessThanOrEqual(4 * Math.sqrt(n * p * (1 - p)));
      if (suppressed.includes(v)) expect(counts[v]).toBe(0);
    });
  });

  test.each([
    { V: 5, factor: 1 },
    { V: 64, factor: 4 },
    { V: 200, factor: 3 },
    { V: 480, factor: 6 },
  ])("takes the id at Philox's number for (seed; step, task, rollout, token): $V ids", async ({ V, factor }) => {
    const [B, rounds] = [48, 3];
    const conversations = range(B).map((b) => ({ task: b % 5, rollout: Math.floor(b / 5), sampled: b % 7 }));
    const logits = range(B).map((b) => scaledBy(factor, b + 10, V));
    const suppressed = V > 5 ? [3, V - 1] : [];
    const [seed, step, temperature] = [0xdeadbeef, 12, 1.3];
    const { tokens } = await sampleTokens(conversations, range(B), logits, {
      seed,
      step,
      temperature,
      suppressed,
      rounds,
    });
    conversations.forEach(({ task, rollout, sampled }, slot) => {
      const logprobs = logSoftmax(logits[slot]!, temperature, suppressed);
      const expected = range(rounds).map((i) =>
        expectedToken(logprobs, { seed, step, task, rollout, token: sampled + i }),
      );
      expect(tokens[slot], `slot ${slot}`).toEqual(expected);
    });
    expect(new Set(tokens.flat()).size).toBeGreaterThan(3);
  });

  test("gives the log-probability of the sampled token, logits / temperature - lse, and the entropy", async () => {
    const [V, temperature, suppressed] = [300, 0.7, [0, 5, 299]];
    const logits = range(20).map((b) => scaledBy(5, b, V));
    const { tokens, logprobs, entropies } = await sampleTokens(rollouts(20), range(20), logits, {
      temperature,
      suppressed,
    });
    logits.forEach((row, slot) => {
      const exact = logSoftmax(row, temperature, suppressed);
      const entropy = -exact.reduce((sum, l) => sum + (l === Number.NEGATIVE_INFINITY ? 0 : Math.exp(l) * l), 0);
      expect(logprobs[slot]![0]).toBeCloseTo(exact[tokens[slot]![0]!]!, 4);
      expect(entropies[slot]![0]).toBeCloseTo(entropy, 4);
    });
  });

  test("never samples suppressed ids, even where they have nearly all of the mass", async () => {
    const logits = new Float32Array(70).fill(0);
    logits.set([30, 30], 10);
    logits[69] = 30;
    const { tokens, logprobs } = await sampleTokens(
      rollouts(256),
      range(256),
      range(256).map(() => logits),
      { suppressed: [10, 11, 69] },
    );
    for (const token of tokens.flat()) expect([10, 11, 69]).not.toContain(token);
    expect(new Set(tokens.flat()).size).toBeGreaterThan(40);
    for (const logprob of logprobs.flat()) expect(logprob).toBeCloseTo(-Math.log(67), 5);
  });

  test("samples the only allowed id, wherever it is", async () => {
    for (const only of [0, 63, 64, 129]) {
      const suppressed = range(130).filter((v) => v !== only);
      const { tokens, logprobs } = await sampleTokens(
        rollouts(3),
        [0, 1, 2],
        range(3).map((b) => random(b, 130)),
        { suppressed },
      );
      expect(tokens).toEqual([[only], [only], [only]]);
      for (const logprob of logprobs.flat()) expect(logprob).toBeCloseTo(0, 5);
    }
  });

  test("takes the first largest where it is greedy, whatever the seed", async () => {
    const logits = [random(1, 200), random(2, 200), random(3, 200), random(4, 200)];
    // Equal maxima: in one lane's range, in different lanes, and a suppressed one before them.
    logits[0]!.set([2, 2], 40);
    logits[1]![150] = logits[1]![20] = 2;
    logits[2]![9] = 3;
    logits[2]![100] = logits[2]![199] = 2;
    for (const seed of [1, 2]) {
      const { tokens, logprobs } = await sampleTokens(rollouts(4), range(4), logits, {
        greedy: true,
        suppressed: [9],
        seed,
      });
      expect(tokens.map(([token]) => token)).toEqual([40, 20, 100, logits[3]!.indexOf(Math.max(...logits[3]!))]);
      expect(logprobs[0]![0]).toBeCloseTo(logSoftmax(logits[0]!, 1, [9])[40]!, 5);
    }
  });

  test("ends a conversation at any of its stops, and writes nothing more for it", async () => {
    const logits = [4, 8, 8, 2].map((v) => {
      const row = new Float32Array(10);
      row[v] = 90;
      return row;
    });
    const conversations = [...rollouts(3), { task: 2, rollout: 3, done: true }];
    const { tokens, state } = await sampleTokens(conversations, range(4), logits, { stops: [4, 2], rounds: 3 });
    expect(tokens).toEqual([[4], [8, 8, 8], [8, 8, 8], []]);
    const after = range(4).map((slot) => conversationIn(state, slot));
    expect(after.map(({ token }) => token)).toEqual([4, 8, 8, 77]);
    expect(after.map(({ sampled }) => sampled)).toEqual([1, 3, 3, 0]);
    expect(after.map(({ done }) => done)).toEqual([true, false, false, true]);
  });

  test("samples the same for a conversation in any row and beside any others", async () => {
    const V = 150;
    const conversations = range(40).map((i) => ({ task: i % 4, rollout: Math.floor(i / 4) }));
    const logits = conversations.map((_, i) => scaledBy(3, i, V));
    const together = await sampleTokens(conversations, range(40), logits, { rounds: 2 });
    const backwards = range(40).reverse();
    const reversed = await sampleTokens(
      conversations,
      backwards,
      backwards.map((i) => logits[i]!),
      { rounds: 2 },
    );
    expect(reversed).toEqual(together);
    const alone = await sampleTokens(
      [conversations[23]!],
      [noIndex, 0, noIndex],
      [logits[1]!, logits[23]!, logits[2]!],
      { rounds: 2 },
    );
    expect(alone.tokens[0]).toEqual(together.tokens[23]);
    expect(alone.logprobs[0]).toEqual(together.logprobs[23]);
    expect(alone.entropies[0]).toEqual(together.entropies[23]);
    const other = await sampleTokens(conversations, range(40), logits, { seed: 4, rounds: 2 });
    expect(other.tokens).not.toEqual(together.tokens);
  });

  test("says what does not fit", () => {
    const plan = new Plan(gpu, "sample");
    const sample = {
      conversations: gpu.empty("conversations", [2, conversationWordCount], "u32"),
      places: gpu.empty("places", [2, 4], "u32"),
      sampling: gpu.empty("sampling", [samplingWordCount], "u32"),
      allowed: gpu.empty("sample.allowed", [7], "u32"),
      samples: gpu.empty("samples", [2, 3, sampleWordCount], "u32"),
    };
    const slots = gpu.empty("slots", [2], "u32");
    expect(() =>
      pick(plan, sample, { slots, logits: gpu.empty("logits", [2, 6]), stats: gpu.empty("stats", [2, 4]) }),
    ).toThrow("sample.allowed has shape (7), expected (6)");
    expect(() =>
      pick(plan, sample, { slots, logits: gpu.empty("logits", [2, 7]), stats: gpu.empty("stats", [3, 4]) }),
    ).toThrow("stats has shape (3, 4), expected (2, 4)");
    const sampling = { seed: 1, step: 0, greedy: false, temperature: 1, stops: [1, 2, 3, 4, 5] };
    expect(() => samplingWords(sampling)).toThrow("at most 4 stop tokens are supported, found 5");
  });
});

test("prepare() makes a row of each live conversation's last token, padding of the rest, and counts it as cached", async () => {
  const plan = new Plan(gpu, "prepare");
  const states = [
    { token: 11, cached: 3, position: 40, sampled: 1, done: false, task: 0, rollout: 0 },
    { token: 12, cached: 5, position: 50, sampled: 1, done: true, task: 0, rollout: 1 },
    { token: 13, cached: 0, position: 60, sampled: 1, done: false, task: 1, rollout: 0 },
  ];
  const stateWords = new Uint32Array(3 * conversationWordCount);
  for (const [slot, one] of states.entries()) putConversation(stateWords, slot, one);
  const conversations = plan.upload("conversations", stateWords, [3, conversationWordCount]);
  const of = [
    { prefixBegin: 1, prefixEnd: 9, suffixBegin: 20 },
    { prefixBegin: 1, prefixEnd: 9, suffixBegin: 30 },
    { prefixBegin: 9, prefixEnd: 15, suffixBegin: 40 },
  ];
  const placeWords = new Uint32Array(3 * placeWordCount);
  for (const [slot, one] of of.entries()) putPlace(placeWords, slot, one);
  const places = plan.upload("places", placeWords, [3, placeWordCount]);
  const sample = { conversations, places };
  const slots = plan.upload("slots", new Uint32Array([2, noIndex, 1, 0]), [4]);
  const rows = {
    tokens: plan.empty("tokens", [6, 1], "u32"),
    positions: plan.empty("positions", [3, 6], "u32"),
    spans: plan.empty("spans", [6, 4], "u32"),
    cacheRows: plan.empty("cache_rows", [6], "u32"),
  };
  gpu.write(rows.positions, new Uint32Array(18).fill(7));
  prepare(plan, slots, sample, rows);
  plan.run();
  const [tokens, positions, spans, cacheRows, after] = await gpu.readUint(
    rows.tokens,
    rows.positions,
    rows.spans,
    rows.cacheRows,
    conversations,
  );
  expect([...tokens!.slice(0, 4)]).toEqual([13, noIndex, noIndex, 11]);
  for (const axis of [0, 1, 2]) expect([...positions!.slice(axis * 6, axis * 6 + 6)]).toEqual([60, 0, 0, 40, 7, 7]);
  expect([...spans!.slice(0, 16)]).toEqual([9, 15, 40, 41, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 20, 24]);
  expect([...cacheRows!.slice(0, 4)]).toEqual([40, 0, 0, 23]);
  const counted = states.map((one) =>
    one.done ? one : { ...one, cached: one.cached + 1, position: one.position + 1 },
  );
  expect(states.map((_, slot) => conversationIn(after!, slot))).toEqual(counted);
  plan.free();
});

test("collect() puts samples of several conversations one after another", async () => {
  const plan = new Plan(gpu, "collect");
  const [slots, capacity] = [3, 100];
  const all = Uint32Array.from({ length: slots * capacity * sampleWordCount }, (_, i) => i);
  const samples = plan.upload("samples", all, [slots, capacity, sampleWordCount]);
  const spans = [
    { slot: 2, begin: 5, count: 70 },
    { slot: 0, begin: 0, count: 0 },
    { slot: 1, begin: 99, count: 1 },
  ];
  const words = new Uint32Array(4 * spanWordCount);
  for (const [i, span] of spans.entries()) putSpan(words, i, span, [0, 70, 70][i]!);
  const turns = plan.upload("turns", words, [4, spanWordCount]);
  const out = plan.upload("out", new Uint32Array(80 * sampleWordCount), [80, sampleWordCount]);
  collect(plan, { samples }, turns, out);
  plan.run();
  const [got] = await gpu.readUint(out);
  const from = (slot: number, begin: number, count: number) =>
    all.slice((slot * capacity + begin) * sampleWordCount, (slot * capacity + begin + count) * sampleWordCount);
  expect([...got!]).toEqual([...from(2, 5, 70), ...from(1, 99, 1), ...new Array<number>(9 * sampleWordCount).fill(0)]);
  plan.free();
});
