import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import type { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { linear } from "../ops/linear.ts";
import { summarize } from "../ops/logprob.ts";
import {
  type CachePlace,
  collect,
  conversationWord,
  conversationWordCount,
  pick,
  placeWordCount,
  prepare,
  putConversation,
  putPlace,
  putSpan,
  type SampleSpan,
  type SampleState,
  sampleWordCount,
  samplingWordCount,
  samplingWords,
  spanWordCount,
} from "../ops/sample.ts";
import type { Sampling } from "./policy.ts";

/** What the host knows of a conversation; the same numbers stand on the GPU. */
export interface ConversationState {
  /** Rows of its suffix in the cache. */
  cached: number;
  /** M-RoPE position of the next token. */
  position: number;
  /** Tokens sampled in the whole conversation. */
  sampled: number;
}

/** Where a conversation's keys and values stand in the cache, and whose numbers of the random stream it uses. */
export interface Place extends CachePlace {
  /** Index of the task in the step, and of the rollout in its group: part of each sample's key. */
  task: number;
  rollout: number;
}

/** How far conversations are, by slot. */
export interface Look {
  /** Tokens sampled in the whole conversation. */
  sampled(slot: number): number;
  /** Whether the last of them was a stop. */
  hasStopped(slot: number): boolean;
}

/** Tokens of one span, with natural log-probability and entropy in nats. */
export interface SampledSpan {
  tokens: number[];
  logprobs: number[];
  entropies: number[];
}

/** What collects samples of up to so many conversations, and so many samples in all. */
interface Collector {
  plan: Plan;
  turns: Tensor;
  out: Tensor;
}

/** The sampling of `slots` conversations on the GPU: their state, and the buffers that tokens are written to. */
export class Sampler {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #sample: SampleState;
  /** f32 (1): the same number as in the settings, for the summary that training shares. */
  readonly #temperature: Tensor;
  readonly #conversations: Uint32Array;
  readonly #places: Uint32Array;
  readonly #whose: Pick<Place, "task" | "rollout">[];
  #collector: Collector | null = null;

  /** @param capacity  tokens that a conversation may sample */
  constructor(gpu: Gpu, model: Model, slots: number, capacity: number) {
    this.#gpu = gpu;
    this.#model = model;
    this.#temperature = gpu.empty("sample.temperature", [1]);
    this.#conversations = new Uint32Array(slots * conversationWordCount);
    this.#places = new Uint32Array(slots * placeWordCount);
    this.#whose = Array.from({ length: slots }, () => ({ task: 0, rollout: 0 }));
    this.#sample = {
      conversations: gpu.empty("sample.conversations", [slots, conversationWordCount], "u32"),
      places: gpu.empty("sample.places", [slots, placeWordCount], "u32"),
      sampling: gpu.empty("sample.sampling", [samplingWordCount], "u32"),
      allowed: gpu.empty("sample.allowed", [model.config.text.vocabSize], "u32"),
      samples: gpu.empty("sample.samples", [slots, capacity, sampleWordCount], "u32"),
    };
  }

  configure({ seed, step, temperature, suppressed, stops }: Sampling): void {
    const greedy = temperature === 0;
    const heat = temperature || 1;
    const allowed = new Uint32Array(this.#model.config.text.vocabSize).fill(1);
    for (const id of suppressed) allowed[id] = 0;
    this.#gpu.write(this.#sample.sampling, samplingWords({ seed, step, greedy, temperature: heat, stops }));
    this.#gpu.write(this.#temperature, new Float32Array([heat]));
    this.#gpu.write(this.#sample.allowed, allowed);
  }

  setPlace(slot: number, { task, rollout, ...place }: Place): void {
    putPlace(this.#places, slot, place);
    this.#whose[slot] = { task, rollout };
  }

  /** State of a conversation before a prefill; `flush` sends it. */
  setState(slot: number, { cached, position, sampled }: ConversationState): void {
    const { task, rollout } = this.#whose[slot] ?? { task: 0, rollout: 0 };
    const state = { token: noIndex, cached, position, sampled, done: false, task, rollout };
    putConversation(this.#conversations, slot, state);
  }

  /** Sends state and place of these conversations, and of no others. */
  flush(slots: readonly number[]): void {
    for (const [from, to] of runsOf(slots))
      for (const [tensor, words, each] of [
        [this.#sample.conversations, this.#conversations, conversationWordCount],
        [this.#sample.places, this.#places, placeWordCount],
      ] as const)
        this.#gpu.write(tensor, words.subarray(from * each, to * each), from * each);
  }

  /** Makes a row of the forward pass from each conversation's last token. @param slots  u32 (B) */
  prepare(tape: Tape, slots: Tensor, rows: Parameters<typeof prepare>[3]): void {
    prepare(tape.plan, slots, this.#sample, rows);
  }

  /** Samples a token for each of these conversations. @param hidden (B, C) @param slots  u32 (B) */
  sample(tape: Tape, hidden: Tensor, slots: Tensor): void {
    const logits = linear(tape, hidden, this.#model.head);
    const stats = summarize(tape.plan, logits, { allowed: this.#sample.allowed, temperature: this.#temperature });
    pick(tape.plan, this.#sample, { slots, logits, stats });
  }

  /** What a token loop in one dispatch reads and writes of all conversations. */
  get state(): SampleState {
    return this.#sample;
  }

  /**
   * How far all conversations are: 32 bytes of each are read. The copy is submitted before this returns, so it shows
   * what was submitted until then.
   */
  async look(): Promise<Look> {
    const [words] = await this.#gpu.readUint(this.#sample.conversations);
    return lookOf(words);
  }

  /** Reads these samples and no others, in one read that is submitted before this returns. */
  async read(spans: readonly SampleSpan[]): Promise<SampledSpan[]> {
    const { out, samplesOf } = this.#collect(spans);
    if (!out) return samplesOf(undefined);
    const [words] = await this.#gpu.readUint(out);
    return samplesOf(words);
  }

  /** Both in one read. Of samples that there are not, what stands in their place means nothing. */
  async lookAndRead(spans: readonly SampleSpan[]): Promise<{ look: Look; samples: SampledSpan[] }> {
    const { out, samplesOf } = this.#collect(spans);
    const [states, words] = await this.#gpu.readUint(this.#sample.conversations, ...(out ? [out] : []));
    return { look: lookOf(states), samples: samplesOf(words) };
  }

  /** Submits what puts samples side by side. `out` is what is to be read, null where there is nothing. */
  #collect(spans: readonly SampleSpan[]): {
    out: Tensor | null;
    samplesOf: (words: Uint32Array | undefined) => SampledSpan[];
  } {
    const total = spans.reduce((sum, { count }) => sum + count, 0);
    if (total === 0)
      return { out: null, samplesOf: () => spans.map(() => ({ tokens: [], logprobs: [], entropies: [] })) };
    const { plan, turns, out } = this.#collectorFor(spans.length, total);
    const words = new Uint32Array(turns.shape[0]! * spanWordCount);
    const starts: number[] = [];
    let to = 0;
    for (const [i, span] of spans.entries()) {
      putSpan(words, i, span, to);
      starts.push(to);
      to += span.count;
    }
    this.#gpu.write(turns, words);
    plan.run();
    const samplesOf = (got: Uint32Array | undefined) => {
      if (!got) throw new Error("The sampled tokens could not be read");
      const floats = new Float32Array(got.buffer);
      return spans.map(({ count }, i) => {
        const span: SampledSpan = { tokens: [], logprobs: [], entropies: [] };
        for (let k = 0; k < count; k++) {
          const at = (starts[i]! + k) * sampleWordCount;
          span.tokens.push(got[at]!);
          span.logprobs.push(floats[at + 1]!);
          span.entropies.push(floats[at + 2]!);
        }
        return span;
      });
    };
    return { out: { ...out, shape: [total, sampleWordCount] }, samplesOf };
  }

  free(): void {
    this.#collector?.plan.free();
    for (const { buffer } of [...Object.values(this.#sample), this.#temperature]) this.#gpu.release(buffer);
  }

  /** Recorded again where it is too small: it grows to the next powers of two. */
  #collectorFor(spans: number, samples: number): Collector {
    const known = this.#collector;
    const [mostSpans, mostSamples] = [known?.turns.shape[0] ?? 0, known?.out.shape[0] ?? 0];
    if (known && spans <= mostSpans && samples <= mostSamples) return known;
    known?.plan.free();
    const grown = (count: number, before: number) => Math.max(before, 2 ** Math.ceil(Math.log2(count)));
    const plan = new Plan(this.#gpu, "collect");
    const turns = plan.empty("collect.turns", [grown(spans, mostSpans), spanWordCount], "u32");
    const out = plan.empty("collect.samples", [grown(samples, mostSamples), sampleWordCount], "u32");
    collect(plan, this.#sample, turns, out);
    this.#collector = { plan, turns, out };
    return this.#collector;
  }
}

/** Ranges [from, to) of neighbours among numbers. */
function runsOf(numbers: readonly number[]): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] === number) last[1] = number + 1;
    else runs.push([number, number + 1]);
  }
  return runs;
}

function lookOf(words: Uint32Array | undefined): Look {
  if (!words) throw new Error("The state of the conversations could not be read");
  return {
    sampled: (slot) => conversationWord(words, slot, "sampled"),
    hasStopped: (slot) => conversationWord(words, slot, "done") === 1,
  };
}
