import type { Gpu } from "../gpu/gpu.ts";
import type { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { linear } from "../ops/linear.ts";
import { summarize } from "../ops/logprob.ts";
import { pick, prepare, type SampleState, stateFields, stateWidth } from "../ops/sample.ts";
import type { Sampling } from "./policy.ts";

const mostStops = 4;

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
export interface Place {
  prefixBegin: number;
  prefixEnd: number;
  suffixBegin: number;
  /** Index of the task in the step, and of the rollout in its group: part of each sample's key. */
  task: number;
  rollout: number;
}

/** What was sampled so far, by conversation and index in it. */
export interface Sampled {
  token(slot: number, index: number): number;
  /** Natural log-probability, and entropy in nats. */
  values(slot: number, index: number): [logprob: number, entropy: number];
}

/** The sampling of `slots` conversations on the GPU: their state, and the buffers that tokens are written to. */
export class Sampler {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #capacity: number;
  readonly #sample: SampleState;
  /** f32 (1): the same number as in the keys, for the summary that training shares. */
  readonly #temperature: Tensor;
  readonly #states: Uint32Array;
  readonly #places: Uint32Array;

  /** @param capacity  tokens that a conversation may sample */
  constructor(gpu: Gpu, model: Model, slots: number, capacity: number) {
    this.#gpu = gpu;
    this.#model = model;
    this.#capacity = capacity;
    this.#temperature = gpu.empty("sample.temperature", [1]);
    this.#states = new Uint32Array(slots * stateWidth);
    this.#places = new Uint32Array(slots * 4);
    this.#sample = {
      state: gpu.empty("sample.state", [slots, stateWidth], "u32"),
      places: gpu.empty("sample.places", [slots, 4], "u32"),
      keys: gpu.empty("sample.keys", [9], "u32"),
      allowed: gpu.empty("sample.allowed", [model.config.text.vocabSize], "u32"),
      sampledTokens: gpu.empty("sample.tokens", [slots, capacity], "u32"),
      sampledValues: gpu.empty("sample.values", [slots, capacity, 2]),
    };
  }

  configure({ seed, step, temperature, suppressed, stops }: Sampling): void {
    if (stops.length > mostStops)
      throw new RangeError(`at most ${mostStops} stop tokens are supported, found ${stops.length}`);
    const heat = new Float32Array([temperature || 1]);
    const keys = new Uint32Array(9);
    keys.set([seed >>> 0, step, temperature === 0 ? 1 : 0, stops.length, ...stops]);
    keys.set(new Uint32Array(heat.buffer), 8);
    const allowed = new Uint32Array(this.#model.config.text.vocabSize).fill(1);
    for (const id of suppressed) allowed[id] = 0;
    this.#gpu.write(this.#sample.keys, keys);
    this.#gpu.write(this.#temperature, heat);
    this.#gpu.write(this.#sample.allowed, allowed);
  }

  setPlace(slot: number, { prefixBegin, prefixEnd, suffixBegin, task, rollout }: Place): void {
    this.#places.set([prefixBegin, prefixEnd, suffixBegin, 0], slot * 4);
    this.#states.set([task, rollout], slot * stateWidth + stateFields.task);
  }

  /** State of a conversation before a prefill; `flush` sends it. */
  setState(slot: number, { cached, position, sampled }: ConversationState): void {
    this.#states.set([noIndex, cached, position, sampled, 0], slot * stateWidth);
  }

  /** Sends the states of these slots and of those between them; the others go on as they are. */
  flush(slots: readonly number[]): void {
    const first = Math.min(...slots);
    const end = Math.max(...slots) + 1;
    const states = this.#states.subarray(first * stateWidth, end * stateWidth);
    this.#gpu.write(this.#sample.state, states, first * stateWidth);
    this.#gpu.write(this.#sample.places, this.#places);
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

  async read(): Promise<Sampled> {
    const [tokens, values] = await this.#gpu.readUint(this.#sample.sampledTokens, this.#sample.sampledValues);
    if (!tokens || !values) throw new Error("The sampled tokens could not be read");
    const floats = new Float32Array(values.buffer);
    const at = (slot: number, index: number) => slot * this.#capacity + index;
    return {
      token: (slot, index) => tokens[at(slot, index)] ?? noIndex,
      values: (slot, index) => [
        floats[at(slot, index) * 2] ?? Number.NaN,
        floats[at(slot, index) * 2 + 1] ?? Number.NaN,
      ],
    };
  }

  free(): void {
    for (const { buffer } of [...Object.values(this.#sample), this.#temperature]) this.#gpu.release(buffer);
  }
}
