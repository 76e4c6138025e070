import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import { PlanCache } from "../gpu/plan_cache.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { AttentionCache, CacheState } from "../model/cache.ts";
import { usualDecoder } from "../model/decoder_weights.ts";
import type { Model } from "../model/model.ts";
import { TextRows } from "../model/text_rows.ts";
import { arrangedNumbers, decode, decodeOrders, takesDecode } from "../ops/decode.ts";
import { LookSchedule } from "./look_schedule.ts";
import { type PrefillPart, Prefills, runTraced, type Traces } from "./prefill.ts";
import { Sampler } from "./sampler.ts";

/** Decode steps that are kept, by the rows that are still writing: eight sizes an octave. */
const mostDecodes = 64;

/** Tokens of a run in one dispatch, and bytes of weights that all of its workgroups read: a slow device must not be taken for one that hangs. */
const mostTokensOfRun = 16;
const mostBytesOfRun = 2 ** 34;

interface DecodePlan {
  plan: Plan;
  /** Which conversations get a token; in front of them how many they get where that is not one. */
  orders: Tensor;
  /** Tokens of a run in one dispatch; 0 where a token takes many. */
  fusedTokens: number;
}

/** How a workspace works, where that is not the usual way. */
export interface WorkspaceOptions {
  /** Whether tokens are submitted before the look before them has been read. */
  ahead?: boolean;
  /**
   * Whether a small model decodes a run of tokens in one dispatch where it can, with the same bits; by default on devices that are known
   * to be faster so.
   */
  fused?: boolean;
  /** Conversations that a workgroup of that dispatch computes; to be measured. */
  rowsOfGroup?: number;
}

/**
 * Whether each conversation may read all weights by itself, from a cache of the card: measured on NVIDIA's (LOG.md). A graphics unit
 * that shares the processor's memory may lose more by that than by dispatches.
 */
const readsWeightsFast = ({ adapterName, counts }: Gpu): boolean => counts || /nvidia/i.test(adapterName);

/** How many conversations there are, and how long they may become. */
export interface WorkspaceSize {
  prompts: number;
  /** Conversations. */
  slots: number;
  /** Longest prompt. */
  prefixTokens: number;
  /** Longest suffix of a conversation. */
  suffixTokens: number;
}

/**
 * The buffers and recorded plans of one batch size: cache, sampler, prefills and decode steps. It outlives the
 * conversations, so that in the steady state of a run nothing is allocated or recorded.
 *
 * Rows of the cache: 0 takes what padding writes, then a range for each prompt, then one for each conversation.
 */
export class Workspace {
  readonly gpu: Gpu;
  readonly model: Model;
  readonly size: WorkspaceSize;
  readonly sampler: Sampler;
  /** Outlives the conversations: turns of one step are as long as those of the one before. */
  readonly looks: LookSchedule;
  readonly #cache: CacheState;
  readonly #options: WorkspaceOptions;
  readonly #prefills: Prefills;
  readonly #decodes = new PlanCache<DecodePlan>({ count: mostDecodes });
  #failure: unknown;
  /** Whether the device's compiler refused the kernel of a whole run. */
  #isFusedRefused = false;

  constructor(gpu: Gpu, model: Model, size: WorkspaceSize, options: WorkspaceOptions = {}) {
    this.gpu = gpu;
    this.model = model;
    this.size = size;
    this.#options = options;
    this.looks = new LookSchedule(options.ahead ?? false);
    const { prompts, slots, prefixTokens, suffixTokens } = size;
    const rows = 1 + prompts * prefixTokens + slots * suffixTokens;
    this.#cache = model.newCache({ rows, sequences: prompts + slots });
    this.sampler = new Sampler(gpu, model, slots, suffixTokens);
    this.#prefills = new Prefills(gpu, model, this.#cache, this.sampler);
  }

  /** Whether it has this size; with "roomy", whether there is room for it; with "within", also for fewer conversations. */
  fits(
    { prompts, slots, prefixTokens, suffixTokens }: WorkspaceSize,
    sizes: "exact" | "roomy" | "within" = "exact",
  ): boolean {
    const { size } = this;
    if (sizes === "within" && size.prompts >= prompts && size.slots >= slots)
      return size.prefixTokens >= prefixTokens && size.suffixTokens >= suffixTokens;
    if (sizes === "roomy" && size.prompts === prompts && size.slots === slots)
      return size.prefixTokens >= prefixTokens && size.suffixTokens >= suffixTokens;
    return (
      size.prompts === prompts &&
      size.slots === slots &&
      size.prefixTokens === prefixTokens &&
      size.suffixTokens === suffixTokens
    );
  }

  prefixBegin(prompt: number): number {
    return 1 + prompt * this.size.prefixTokens;
  }

  suffixBegin(slot: number): number {
    const { prompts, prefixTokens, suffixTokens } = this.size;
    return 1 + prompts * prefixTokens + slot * suffixTokens;
  }

  /** @throws RangeError where a suffix of this many tokens does not fit */
  expectCapacity(tokens: number): void {
    const { suffixTokens } = this.size;
    if (tokens > suffixTokens)
      throw new RangeError(
        `a conversation needs ${tokens} tokens after its prompt, capacity was reserved for ${suffixTokens}`,
      );
  }

  /** Puts tokens into the model and samples one token for every conversation behind them. */
  prefill(parts: readonly PrefillPart[], traces: Traces | null): Promise<void> {
    return this.#prefills.run(parts, traces);
  }

  /** Begins to compile what a decode step of so many rows needs, before it is needed. */
  prepareDecode(rows: number): void {
    const B = bucket(rows, 8);
    void this.#decodes.get(String(B), () => this.#recordDecode(B)).plan.compile();
  }

  /**
   * Samples `count` tokens for each of these conversations, one after another, without the host in between. All is
   * submitted before this waits for anything: others decode with the same plan.
   */
  async decode(rows: readonly number[], count: number, traces: Traces | null): Promise<void> {
    if (this.#failure) throw this.#failure;
    const B = bucket(rows.length, 8);
    // Compiled before anything is written: from there on nothing may come between.
    const recorded = await this.#compiledDecode(B);
    const slots = new Uint32Array(B).fill(noIndex);
    slots.set(rows);
    const { plan, orders, fusedTokens } = recorded;
    const order = (tokens: number) => this.gpu.write(orders, fusedTokens > 0 ? decodeOrders(slots, tokens) : slots);
    const isTraced = traces !== null && !traces.has("decode");
    // A trace is of one token, whatever a run has.
    if (isTraced || fusedTokens === 0) order(1);
    const tracing = isTraced ? runTraced(plan, "decode", traces) : undefined;
    let left = isTraced ? count - 1 : count;
    if (fusedTokens === 0) plan.run(left);
    for (; fusedTokens > 0 && left > 0; left -= fusedTokens) {
      order(Math.min(left, fusedTokens));
      plan.run();
    }
    await tracing;
  }

  /** A read that nobody waits for; what it throws is thrown where the workspace is used next. */
  leave(reading: Promise<unknown>): void {
    reading.catch((error) => {
      this.#failure ??= error;
    });
  }

  free(): void {
    this.#cache.free();
    this.sampler.free();
    this.#prefills.free();
    this.#decodes.free();
  }

  /** The plan of so many rows, compiled; of many small kernels where the large one is refused, with the same bits. */
  async #compiledDecode(B: number): Promise<DecodePlan> {
    for (;;) {
      const recorded = this.#decodes.get(String(B), () => this.#recordDecode(B));
      const compiling = recorded.plan.compile();
      if (!compiling || (await compiling) || recorded.fusedTokens === 0) return recorded;
      // Another may have found that out meanwhile.
      if (!this.#isFusedRefused) this.#decodes.free();
      this.#isFusedRefused = true;
    }
  }

  #recordDecode(B: number): DecodePlan {
    const plan = new Plan(this.gpu, `decode ${B}`, { reuse: true });
    return this.#recordFused(plan, B) ?? this.#recordSeparate(plan, B);
  }

  /** Null where the device or the model does not allow it. */
  #recordFused(plan: Plan, B: number): DecodePlan | null {
    const { fused = readsWeightsFast(this.gpu), rowsOfGroup: rows } = this.#options;
    const cache = (this.#cache as Partial<AttentionCache>).together;
    const decoder = fused && cache && !this.#isFusedRefused ? usualDecoder(this.model) : null;
    if (!cache || !decoder || !takesDecode(this.gpu, decoder.sizes, rows)) return null;
    const orders = plan.empty("decode.orders", [1 + B], "u32");
    decode(plan, { ...decoder, cache, orders, sample: this.sampler.state, rows });
    const bytes = 4 * arrangedNumbers(decoder.weights) * B;
    const fusedTokens = Math.max(1, Math.min(mostTokensOfRun, Math.floor(mostBytesOfRun / bytes)));
    return { plan, orders, fusedTokens };
  }

  #recordSeparate(plan: Plan, B: number): DecodePlan {
    const tape = new Tape(plan, false);
    const slots = plan.empty("decode.slots", [B], "u32");
    const rows = new TextRows(plan, {
      capacity: B,
      vocabSize: this.model.config.text.vocabSize,
      imageTokens: 0,
      trained: false,
      mostKeys: this.size.prefixTokens + this.size.suffixTokens,
    });
    this.sampler.prepare(tape, slots, {
      tokens: rows.tokens.index,
      positions: rows.positions,
      spans: rows.spans.query,
      cacheRows: rows.cacheRows,
    });
    this.sampler.sample(tape, this.model.text(tape, { rows, vision: null, cache: this.#cache }), slots);
    return { plan, orders: slots, fusedTokens: 0 };
  }
}
