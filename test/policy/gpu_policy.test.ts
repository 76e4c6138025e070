import { beforeAll, describe, expect, test } from "vitest";
import { type InputImage, inputImage } from "../../src/model/vision_rows.ts";
import { GpuPolicy } from "../../src/policy/gpu_policy.ts";
import type { Conversations, Passage, Sampling, Turn } from "../../src/policy/policy.ts";
import { Learner, type UpdateSettings } from "../../src/train/learner.ts";
import type { PackedGroup, Sequence, Target } from "../../src/train/pack.ts";
import { gpu } from "../support/device.ts";
import { imageTokens, needleModel, scenePrompt, sceneShown } from "../support/shipped.ts";

let needle: Awaited<ReturnType<typeof needleModel>>;
let policy: GpuPolicy;
let prompts: Passage[];
let sampling: Sampling;
beforeAll(async () => {
  needle = await needleModel();
  policy = new GpuPolicy(gpu, needle.model);
  const { chat } = needle;
  prompts = [0, 1, 2].map((i) => scenePrompt(chat, i));
  sampling = { seed: 11, step: 4, temperature: 0.9, suppressed: chat.reserved, stops: chat.stops };
});

const firstTurn = 18;
const nextTurn = 5;
/** Tokens of two turns and what the tool answers between them. */
const capacity = () => firstTurn + needle.chat.observation("", [imageTokens]).length + nextTurn;
const observation = (row: number): Passage => ({
  tokens: needle.chat.observation("", [imageTokens]),
  images: [sceneShown(100 + row)],
});

async function write(conversations: Conversations, rows: readonly number[], maxTokens: number): Promise<Turn[]> {
  const writing = conversations.write(rows, maxTokens);
  for (;;) {
    const next = await writing.next();
    if (next.done) return next.value;
  }
}

/** Two turns of every row, with a picture from the tool between them, whatever the first turn says. */
async function twoTurns(
  asked: readonly Passage[],
  rolloutsPerPrompt: number,
  changes: Partial<Sampling> = {},
): Promise<[Turn, Turn][]> {
  const conversations = await policy.begin(asked, rolloutsPerPrompt, capacity(), { ...sampling, ...changes });
  const rows = Array.from({ length: conversations.rows }, (_, row) => row);
  const first = await write(conversations, rows, firstTurn);
  await conversations.append(rows, rows.map(observation));
  const second = await write(conversations, rows, nextTurn);
  conversations.close();
  return rows.map((row) => [first[row]!, second[row]!]);
}

/** The first turn of every row, up to `maxTokens`. */
async function firstTurns(
  rolloutsPerPrompt: number,
  maxTokens: number,
  changes: Partial<Sampling> = {},
): Promise<Turn[]> {
  const asked = prompts.slice(0, 2);
  const conversations = await policy.begin(asked, rolloutsPerPrompt, capacity(), { ...sampling, ...changes });
  const rows = Array.from({ length: conversations.rows }, (_, row) => row);
  return write(conversations, rows, maxTokens);
}

/** Two turns of every row as the learner takes them. */
function packed(turns: readonly [Turn, Turn][], rolloutsPerPrompt: number): PackedGroup[] {
  const image = ({ images: shown }: Passage): InputImage[] =>
    shown.map((pixels) => inputImage(pixels, needle.model.config.vision));
  return prompts.slice(0, turns.length / rolloutsPerPrompt).map((prompt, task) => ({
    prefix: { tokens: prompt.tokens, images: image(prompt) },
    sequences: turns
      .slice(task * rolloutsPerPrompt, (task + 1) * rolloutsPerPrompt)
      .map(([first, second], i): Sequence => {
        const observed = observation(task * rolloutsPerPrompt + i);
        const targets = (turn: Turn, begin: number): Target[] =>
          turn.tokens.map((token, t) => ({
            at: begin + t - 1,
            token,
            weight: 1,
            oldLogprob: turn.logprobs[t]!,
            advantage: 1,
          }));
        return {
          tokens: [...first.tokens, ...observed.tokens, ...second.tokens],
          images: image(observed),
          targets: [...targets(first, 0), ...targets(second, first.tokens.length + observed.tokens.length)],
        };
      }),
  }));
}

const still: Omit<UpdateSettings, "temperature" | "suppressed"> = {
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0,
  decayVectors: true,
  maxGradNorm: 1,
  clipRatioLow: 0.2,
  clipRatioHigh: 0.2,
  clipRatioC: 3,
  klLossCoef: 0,
  klLossType: "low_var_kl",
  entropyCoef: 0,
};

test("tasks that are rolled in another go are rolled the same, bit for bit", async () => {
  const turnsOf = async (these: Passage[], firstTask: number): Promise<Turn[]> => {
    const conversations = await policy.begin(these, 2, firstTurn, { ...sampling, firstTask });
    const rows = Array.from({ length: conversations.rows }, (_, row) => row);
    const turns = await write(conversations, rows, firstTurn);
    conversations.close();
    return turns;
  };
  const together = await turnsOf(prompts, 0);
  expect([...(await turnsOf(prompts.slice(0, 1), 0)), ...(await turnsOf(prompts.slice(1), 1))]).toEqual(together);
});

describe("GpuPolicy", () => {
  test("samples log-probabilities that training finds again bit for bit, on both sides of what a tool says", async () => {
    const turns = await twoTurns(prompts.slice(0, 2), 3);
    const sampled = new Float32Array(turns.flat().flatMap((turn) => turn.logprobs));
    const entropies = new Float32Array(turns.flat().flatMap((turn) => turn.entropies));
    expect(sampled.length).toBeGreaterThan(40);
    expect(sampled.every((logprob) => logprob <= 0 && logprob > -30)).toBe(true);
    expect(new Set(sampled).size).toBeGreaterThan(20);

    const learner = new Learner(gpu, needle.model, "policy");
    const settings = { ...still, temperature: sampling.temperature, suppressed: sampling.suppressed };
    const groups = packed(turns, 3);
    expect(await learner.logprobs(groups, settings)).toEqual(sampled);
    const { logprobs, terms, entropies: trained } = await learner.update(groups, settings, { updatesBefore: 0 });
    expect(logprobs).toEqual(sampled);
    expect(trained).toEqual(entropies);
    const ratios = Array.from(sampled, (_, i) => terms[i * 6 + 4]);
    expect(ratios).toEqual(ratios.map(() => 1));
    // With another temperature they would differ: the comparison sees what it should.
    expect(await learner.logprobs(groups, { ...settings, temperature: 1 })).not.toEqual(sampled);
    learner.free();
  });

  test("samples the same for the same seed and step, else something different", async () => {
    const turns = await firstTurns(4, 9);
    expect(await firstTurns(4, 9)).toEqual(turns);
    expect(await firstTurns(4, 9, { seed: 12 })).not.toEqual(turns);
    expect(await firstTurns(4, 9, { step: 5 })).not.toEqual(turns);
    // Rollouts of one task differ among themselves.
    expect(new Set(turns.map((turn) => JSON.stringify(turn))).size).toBeGreaterThan(3);
  });

  test("writes the same for a task whatever tasks and rollouts stand beside it, to the bit", async () => {
    const together = await twoTurns(prompts, 3);
    expect(await twoTurns(prompts.slice(0, 1), 3)).toEqual(together.slice(0, 3));
    expect(await twoTurns([prompts[0]!, prompts[2]!], 1)).toMatchObject([together[0]!, {}]);
    const twins = await twoTurns([prompts[0]!, prompts[0]!], 2, { temperature: 0 });
    expect(twins[1]).toMatchObject([{ tokens: twins[0]![0].tokens }, {}]);
    expect(twins[2]![0]).toEqual(twins[0]![0]);
  });

  test("writes the same for a row whether the others write with it, before it or not at all", async () => {
    const together = await twoTurns(prompts.slice(0, 2), 2);
    const conversations = await policy.begin(prompts.slice(0, 2), 2, capacity(), sampling);
    const [third] = await write(conversations, [2], firstTurn);
    const [first, second] = await write(conversations, [1, 0], firstTurn);
    expect([second, first, third]).toEqual(together.slice(0, 3).map(([turn]) => turn));
    await conversations.append([2], [observation(2)]);
    expect(await write(conversations, [2], nextTurn)).toEqual([together[2]![1]]);
    conversations.close();
  });

  test("tells how many tokens are written and how many rows wait, and stops at the limit", async () => {
    const conversations = await policy.begin(prompts.slice(0, 1), 4, capacity(), sampling);
    const writing = conversations.write([0, 1, 2, 3], 12);
    const progress: { tokens: number; waiting: number }[] = [];
    let next = await writing.next();
    while (!next.done) {
      progress.push(next.value);
      next = await writing.next();
    }
    const turns = next.value;
    expect(progress.map(({ tokens }) => tokens)).toEqual(
      [...progress.map(({ tokens }) => tokens)].sort((a, b) => a - b),
    );
    expect(progress[0]).toEqual({ tokens: 4, waiting: 4 });
    for (const { tokens, stopped, logprobs, entropies } of turns) {
      expect(tokens.length).toBeLessThanOrEqual(12);
      expect([logprobs.length, entropies.length]).toEqual([tokens.length, tokens.length]);
      expect(stopped).toBe(sampling.stops.includes(tokens.at(-1)!));
      expect(tokens.slice(0, -1).some((token) => sampling.stops.includes(token))).toBe(false);
      if (!stopped) expect(tokens.length).toBe(12);
    }
    conversations.close();
  });

  test("takes the most likely token at temperature 0, the same in every rollout", async () => {
    const turns = await firstTurns(2, 8, { temperature: 0 });
    expect(turns[1]).toEqual(turns[0]);
    expect(turns[3]).toEqual(turns[2]);
    expect(await firstTurns(2, 8, { temperature: 0, seed: 99 })).toEqual(turns);
  });

  test("never samples suppressed tokens", async () => {
    const { chat } = needle;
    const opens = (turns: Turn[]) => turns.filter(({ tokens }) => tokens[0] === chat.toolCallStart).length;
    expect(opens(await firstTurns(16, 1))).toBeGreaterThan(4);
    expect(opens(await firstTurns(16, 1, { suppressed: [...chat.reserved, chat.toolCallStart] }))).toBe(0);
  });

  test("says where the capacity or the number of stops is too small", async () => {
    const conversations = await policy.begin(prompts.slice(0, 1), 2, 20, sampling);
    await write(conversations, [0, 1], 3);
    const long = { tokens: Array.from({ length: 30 }, () => 5), images: [] };
    await expect(conversations.append([0], [long])).rejects.toThrow(
      /a conversation needs \d+ tokens after its prompt, capacity was reserved for 20/,
    );
    await expect(policy.begin(prompts, 2, 20, { ...sampling, stops: [1, 2, 3, 4, 5] })).rejects.toThrow(
      "at most 4 stop tokens are supported, found 5",
    );
  });
});

test("a turn is read once, beside looks of 32 bytes a conversation every eighth token", async () => {
  const asked = prompts.slice(0, 2);
  const conversations = await policy.begin(asked, 2, capacity(), { ...sampling, stops: [] });
  const before = { reads: gpu.reads, bytes: gpu.readBytes };
  const turns = await write(conversations, [0, 1, 2, 3], firstTurn);
  const tokens = turns.reduce((sum, turn) => sum + turn.tokens.length, 0);
  expect(tokens).toBe(4 * firstTurn);
  const looks = 1 + Math.ceil((firstTurn - 1) / 8);
  expect(gpu.reads - before.reads).toBeLessThanOrEqual(looks + 1);
  // A token, its log-probability and the entropy: 12 bytes.
  expect(gpu.readBytes - before.bytes).toBeLessThanOrEqual(looks * 4 * 32 + tokens * 12);
  conversations.close();
});

describe("a policy that works ahead of the host", () => {
  /** Two turns of all rows, written by parts side by side, and the reads of each. */
  async function turnsOf(ahead: boolean, parts: number, changes: Partial<Sampling> = {}) {
    const one = new GpuPolicy(gpu, needle.model, { ahead });
    try {
      const all: { turns: Turn[]; reads: number[] }[] = [];
      for (let step = 0; step < 2; step++) {
        const conversations = await one.begin(prompts.slice(0, 2), 2, capacity(), { ...sampling, step, ...changes });
        const rows = Array.from({ length: conversations.rows }, (_, row) => row);
        const each = rows.length / parts;
        const turns: Turn[] = [];
        const reads: number[] = [];
        for (const most of [firstTurn, nextTurn]) {
          const before = gpu.reads;
          const written = await Promise.all(
            Array.from({ length: parts }, async (_, i) => {
              const own = rows.slice(i * each, (i + 1) * each);
              const made = await write(conversations, own, most);
              if (most === firstTurn) await conversations.append(own, own.map(observation));
              return made;
            }),
          );
          turns.push(...written.flat());
          reads.push((gpu.reads - before) / parts);
        }
        conversations.close();
        all.push({ turns, reads });
      }
      return all;
    } finally {
      one.free();
    }
  }

  test("samples the same bits, by halves side by side as well", async () => {
    const turns = async (ahead: boolean, parts: number) => (await turnsOf(ahead, parts)).map((one) => one.turns);
    const plain = await turns(false, 1);
    expect(await turns(true, 1)).toEqual(plain);
    expect(await turns(true, 2)).toEqual(plain);
  });

  test("waits once a turn where turns are as long as those before", async () => {
    const readsOf = async (ahead: boolean, parts: number) => (await turnsOf(ahead, parts, { stops: [] })).at(-1)!.reads;
    expect(await readsOf(false, 1)).toEqual([5, 3]);
    // The read of the first turn was submitted with the prompts.
    expect(await readsOf(true, 1)).toEqual([0, 1]);
    expect(await readsOf(true, 2)).toEqual([0, 1]);
  });

  test("is current until others begin or the weights change", async () => {
    const first = await policy.begin(prompts.slice(0, 1), 1, capacity(), sampling);
    expect(first.current).toBe(true);
    const second = await policy.begin(prompts.slice(0, 1), 1, capacity(), sampling);
    expect([first.current, second.current]).toEqual([false, true]);
    policy.forget();
    expect(second.current).toBe(false);
  });
});
