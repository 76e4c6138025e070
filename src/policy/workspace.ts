import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { CacheState } from "../model/cache.ts";
import type { Model } from "../model/model.ts";
import type { RopePositions } from "../model/positions.ts";
import { TextRows } from "../model/text_rows.ts";
import type { InputImage, VisionRows } from "../model/vision_rows.ts";
import { gather } from "../ops/gather.ts";
import { linear } from "../ops/linear.ts";
import { summarize } from "../ops/logprob.ts";
import { pick, prepare, type SampleState, stateFields, stateWidth } from "../ops/sample.ts";
import type { Sampling } from "./policy.ts";

/** Prefill plans that are kept; what they hold on the device is little, since plans share their activations' buffers. */
const mostPrefills = 32;

/** Tokens that go through the model together: a prompt, or what a tool said to one row. */
export interface PrefillPart {
  tokens: readonly number[];
  images: readonly InputImage[];
  positions: RopePositions;
  /** First row of the cache that the tokens are written to. */
  cacheBegin: number;
  /** Rows of the cache that every token sees: the group's prompt. Null for a prompt itself. */
  prefix: readonly [number, number] | null;
  /** Suffix rows that stand before these tokens. */
  begin: number;
  /** Conversations that draw their next token from the last of these tokens. */
  slots: readonly number[];
}

interface PrefillPlan {
  plan: Plan;
  rows: TextRows;
  vision: VisionRows | null;
  lastRows: Tensor;
  slots: Tensor;
}

interface DecodePlan {
  plan: Plan;
  slots: Tensor;
}

/** Whoever wants the time of each kernel: the first run of a kind is traced into `traces`. */
interface Tracing {
  traced: boolean;
  traces: Map<string, KernelTime[]>;
}

/**
 * The buffers and recorded plans of one batch size: cache, token loop, prefills and decode steps. It outlives the
 * conversations, so that in the steady state of a run nothing is allocated or recorded.
 *
 * Rows of the cache: 0 takes what padding writes, then a stretch for each prompt, then one for each conversation.
 */
export class Workspace {
  readonly #cache: CacheState;
  readonly #sample: SampleState;
  /** f32 (1): the same number as in the keys, for the summary that training shares. */
  readonly #temperature: Tensor;
  readonly #states: Uint32Array;
  readonly #places: Uint32Array;
  readonly #prefills = new Map<string, PrefillPlan>();
  readonly #decodes = new Map<number, DecodePlan>();
  stops: ReadonlySet<number> = new Set();

  constructor(
    readonly gpu: Gpu,
    readonly model: Model,
    readonly prompts: number,
    readonly slots: number,
    readonly prefixTokens: number,
    readonly suffixTokens: number,
  ) {
    const V = model.config.text.vocabSize;
    const rows = 1 + prompts * prefixTokens + slots * suffixTokens;
    this.#cache = model.newCache({ rows, sequences: prompts + slots });
    this.#temperature = gpu.empty("sample.temperature", [1]);
    this.#states = new Uint32Array(slots * stateWidth);
    this.#places = new Uint32Array(slots * 4);
    this.#sample = {
      state: gpu.empty("sample.state", [slots, stateWidth], "u32"),
      places: gpu.empty("sample.places", [slots, 4], "u32"),
      keys: gpu.empty("sample.keys", [9], "u32"),
      allowed: gpu.empty("sample.allowed", [V], "u32"),
      sampledTokens: gpu.empty("sample.tokens", [slots, suffixTokens], "u32"),
      sampledValues: gpu.empty("sample.values", [slots, suffixTokens, 2]),
    };
  }

  fits(prompts: number, slots: number, prefixTokens: number, suffixTokens: number): boolean {
    return (
      this.prompts === prompts &&
      this.slots === slots &&
      this.prefixTokens === prefixTokens &&
      this.suffixTokens === suffixTokens
    );
  }

  prefixBegin(prompt: number): number {
    return 1 + prompt * this.prefixTokens;
  }

  suffixBegin(slot: number): number {
    return 1 + this.prompts * this.prefixTokens + slot * this.suffixTokens;
  }

  prefixOf(slot: number): [number, number] {
    return [this.#places[slot * 4]!, this.#places[slot * 4 + 1]!];
  }

  expectRoom(tokens: number): void {
    if (tokens > this.suffixTokens)
      throw new RangeError(
        `a conversation needs ${tokens} tokens after its prompt, room was made for ${this.suffixTokens}`,
      );
  }

  setSampling({ seed, step, temperature, suppressed, stops }: Sampling): void {
    if (stops.length > 4) throw new RangeError(`at most 4 stop tokens are supported, found ${stops.length}`);
    this.stops = new Set(stops);
    const heat = new Float32Array([temperature || 1]);
    const keys = new Uint32Array(9);
    keys.set([seed >>> 0, step, temperature === 0 ? 1 : 0, stops.length, ...stops]);
    keys.set(new Uint32Array(heat.buffer), 8);
    const allowed = new Uint32Array(this.#sample.allowed.shape[0]!).fill(1);
    for (const id of suppressed) allowed[id] = 0;
    this.gpu.write(this.#sample.keys, keys);
    this.gpu.write(this.#temperature, heat);
    this.gpu.write(this.#sample.allowed, allowed);
  }

  setPlace(
    slot: number,
    { task, rollout, prefixTokens }: { task: number; rollout: number; prefixTokens: number },
    firstTask: number,
  ): void {
    const begin = this.prefixBegin(task);
    this.#places.set([begin, begin + prefixTokens, this.suffixBegin(slot), 0], slot * 4);
    this.#states.set([firstTask + task, rollout], slot * stateWidth + stateFields.task);
  }

  /** What the host knows before a prefill; `flushState` sends it. Rows that are not set have ended and stay so. */
  setState(slot: number, { cached, position, drawn }: { cached: number; position: number; drawn: number }): void {
    const at = slot * stateWidth;
    this.#states.set([noIndex, cached, position, drawn, 0], at);
  }

  flushState(): void {
    this.gpu.write(this.#sample.state, this.#states);
    this.gpu.write(this.#sample.places, this.#places);
  }

  /** Everything drawn so far, by row and index in the conversation. */
  async readDrawn(): Promise<{
    tokens: (row: number, index: number) => number;
    values: (row: number, index: number) => [logprob: number, entropy: number];
  }> {
    const [tokens, values] = (await this.gpu.readUint(this.#sample.sampledTokens, this.#sample.sampledValues)) as [
      Uint32Array,
      Uint32Array,
    ];
    const floats = new Float32Array(values.buffer);
    const capacity = this.suffixTokens;
    return {
      tokens: (row, index) => tokens[row * capacity + index]!,
      values: (row, index) => [floats[(row * capacity + index) * 2]!, floats[(row * capacity + index) * 2 + 1]!],
    };
  }

  /** Puts tokens through the model and draws one token for every conversation that hangs on their ends. */
  async prefill(parts: readonly PrefillPart[], tracing: Tracing): Promise<void> {
    const N = bucket(parts.reduce((n, p) => n + p.tokens.length, 0));
    const images = parts.flatMap((p) => p.images);
    const P =
      images.length === 0
        ? 0
        : bucket(
            images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0),
            this.model.config.vision.spatialMergeSize ** 2,
          );
    const B = bucket(parts.reduce((n, p) => n + p.slots.length, 0));
    const key = `${N} ${P} ${B}`;
    const recorded = this.#prefills.get(key) ?? this.#recordPrefill(N, P, B);
    this.#prefills.delete(key);
    this.#prefills.set(key, recorded);
    this.#forgetPrefills();

    const firstTokens = recorded.vision?.fill(images) ?? [];
    const { imageTokenId } = this.model.config;
    const values = {
      tokens: [] as number[],
      imageRows: [] as number[],
      t: [] as number[],
      h: [] as number[],
      w: [] as number[],
      querySpans: [] as number[],
      cacheRows: [] as number[],
    };
    const lastRows = new Uint32Array(B).fill(noIndex);
    const slots = new Uint32Array(B).fill(noIndex);
    let image = 0;
    let b = 0;
    for (const { tokens, images: shown, positions, cacheBegin, prefix, begin, slots: waiting } of parts) {
      const rowsOfImages = shown.flatMap(({ grid }) => {
        const first = firstTokens[image++]!;
        const count = (grid.t * grid.h * grid.w) / this.model.config.vision.spatialMergeSize ** 2;
        return Array.from({ length: count }, (_, i) => first + i);
      });
      let next = 0;
      tokens.forEach((token, i) => {
        const isImage = token === imageTokenId;
        values.tokens.push(isImage ? noIndex : token);
        values.imageRows.push(isImage ? rowsOfImages[next++]! : noIndex);
        values.cacheRows.push(cacheBegin + i);
        values.querySpans.push(...(prefix ?? [0, 0]), cacheBegin - begin, cacheBegin + i + 1);
      });
      for (const axis of ["t", "h", "w"] as const) for (const p of positions[axis]) values[axis].push(p);
      for (const slot of waiting) {
        lastRows[b] = values.tokens.length - 1;
        slots[b++] = slot;
      }
    }
    recorded.rows.fill(values);
    this.gpu.write(recorded.lastRows, lastRows);
    this.gpu.write(recorded.slots, slots);
    await run(recorded.plan, "prefill", tracing);
  }

  /** Pictures of many sizes make many plans: those used longest ago go. */
  #forgetPrefills(): void {
    for (const [key, { plan }] of this.#prefills) {
      if (this.#prefills.size <= mostPrefills) return;
      plan.free();
      this.#prefills.delete(key);
    }
  }

  /** Draws `count` tokens for each of these conversations, one after another, without the host in between. */
  async decode(rows: readonly number[], count: number, tracing: Tracing): Promise<void> {
    const B = bucket(rows.length, 8);
    const recorded = this.#decodes.get(B) ?? this.#recordDecode(B);
    this.#decodes.set(B, recorded);
    const slots = new Uint32Array(B).fill(noIndex);
    slots.set(rows);
    this.gpu.write(recorded.slots, slots);
    for (let i = 0; i < count; i++) await run(recorded.plan, "decode", tracing);
  }

  free(): void {
    this.#cache.free();
    for (const { buffer } of [...Object.values(this.#sample), this.#temperature]) this.gpu.release(buffer);
    for (const { plan } of [...this.#prefills.values(), ...this.#decodes.values()]) plan.free();
  }

  #recordPrefill(N: number, P: number, B: number): PrefillPlan {
    const plan = new Plan(this.gpu, `prefill ${N}`, { reuse: true });
    const tape = new Tape(plan, false);
    const vision = P > 0 ? this.model.visionRows(plan, { capacity: P, trained: false }) : null;
    const { vocabSize } = this.model.config.text;
    const rows = new TextRows(plan, { capacity: N, vocabSize, imageTokens: vision?.tokens ?? 0, trained: false });
    const lastRows = plan.empty("prefill.last_rows", [B, 1], "u32");
    const slots = plan.empty("prefill.slots", [B], "u32");
    const seen = vision && this.model.vision(tape, vision);
    const hidden = this.model.text(tape, { rows, vision: seen, cache: this.#cache });
    this.#draw(tape, gather(tape, hidden, { index: lastRows }), slots);
    return { plan, rows, vision, lastRows, slots };
  }

  #recordDecode(B: number): DecodePlan {
    const plan = new Plan(this.gpu, `decode ${B}`, { reuse: true });
    const tape = new Tape(plan, false);
    const slots = plan.empty("decode.slots", [B], "u32");
    const rows = new TextRows(plan, {
      capacity: B,
      vocabSize: this.model.config.text.vocabSize,
      imageTokens: 0,
      trained: false,
      mostKeys: this.prefixTokens + this.suffixTokens,
    });
    prepare(plan, slots, this.#sample, {
      tokens: rows.tokens.index,
      positions: rows.positions,
      spans: rows.spans.query,
      cacheRows: rows.cacheRows,
    });
    this.#draw(tape, this.model.text(tape, { rows, vision: null, cache: this.#cache }), slots);
    return { plan, slots };
  }

  #draw(tape: Tape, hidden: Tensor, slots: Tensor): void {
    const logits = linear(tape, hidden, this.model.head);
    const stats = summarize(tape.plan, logits, { allowed: this.#sample.allowed, temperature: this.#temperature });
    pick(tape.plan, this.#sample, { slots, logits, stats });
  }
}

async function run(plan: Plan, kind: string, tracing: Tracing): Promise<void> {
  if (tracing.traced && !tracing.traces.has(kind)) tracing.traces.set(kind, await plan.trace());
  else plan.run();
}
