import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import { Plan } from "../gpu/plan.ts";
import { PlanCache } from "../gpu/plan_cache.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import { activationBytes, canBind, maxPassBytes } from "../model/activation_size.ts";
import type { CacheState } from "../model/cache.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Model } from "../model/model.ts";
import { type PlacedTokens, RowPacker } from "../model/row_packer.ts";
import { TextRows } from "../model/text_rows.ts";
import type { InputImage, VisionRows } from "../model/vision_rows.ts";
import { gather } from "../ops/gather.ts";
import type { Sampler } from "./sampler.ts";

/** Prefills that are kept: pictures of many sizes make many. */
const mostPrefills = 32;

/** Most patches of one pass of the vision tower. */
const patchesPerPass = 8192;

/** Tokens that are in the model together: a prompt, or what a tool answered to one row. */
export interface PrefillPart extends PlacedTokens {
  /** First row of the cache that the tokens are written to. */
  cacheBegin: number;
  /** Rows of the cache that every token sees: the group's prompt. Null for a prompt itself. */
  prefix: readonly [number, number] | null;
  /** Suffix rows that stand before these tokens. */
  begin: number;
  /** Conversations that sample their next token from the last of these tokens. */
  slots: readonly number[];
}

/** Kernel times by kind of plan: the first run of a kind is traced. */
export type Traces = Map<string, KernelTime[]>;

export async function runTraced(plan: Plan, kind: string, traces: Traces | null): Promise<void> {
  if (traces && !traces.has(kind)) traces.set(kind, await plan.trace());
  else plan.run();
}

const patchesOf = (images: readonly InputImage[]): number =>
  images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);

/** Which parts are in the model in one pass on a device. */
export function chunksOf(parts: readonly PrefillPart[], config: ModelConfig, gpu: Gpu): PrefillPart[][] {
  const chunks: PrefillPart[][] = [];
  let chunk: PrefillPart[] = [];
  let rows = 0;
  let patches = 0;
  let bytes = 0;
  for (const part of parts) {
    const count = patchesOf(part.images);
    const partBytes = activationBytes(config, part.tokens.length, count);
    const isBound = canBind(config, rows + part.tokens.length, patches + count, gpu);
    const fits = patches + count <= patchesPerPass && bytes + partBytes <= maxPassBytes && isBound;
    if (chunks.length === 0 || !fits) {
      chunk = [];
      chunks.push(chunk);
      [rows, patches, bytes] = [0, 0, 0];
    }
    chunk.push(part);
    rows += part.tokens.length;
    patches += count;
    bytes += partBytes;
  }
  return chunks;
}

interface PrefillPlan {
  plan: Plan;
  rows: TextRows;
  vision: VisionRows | null;
  lastRows: Tensor;
  slots: Tensor;
}

/** Recorded plans that put tokens into the model and its cache, and sample one token behind each part. */
export class Prefills {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #cache: CacheState;
  readonly #sampler: Sampler;
  readonly #packer: RowPacker;
  readonly #plans = new PlanCache<PrefillPlan>({ count: mostPrefills });

  constructor(gpu: Gpu, model: Model, cache: CacheState, sampler: Sampler) {
    this.#gpu = gpu;
    this.#model = model;
    this.#cache = cache;
    this.#sampler = sampler;
    this.#packer = new RowPacker(model.config.imageTokenId);
  }

  async run(parts: readonly PrefillPart[], traces: Traces | null): Promise<void> {
    const merge = this.#model.config.vision.spatialMergeSize ** 2;
    const N = bucket(parts.reduce((n, part) => n + part.tokens.length, 0));
    const images = parts.flatMap((part) => part.images);
    const P = images.length === 0 ? 0 : bucket(patchesOf(images), merge);
    const B = bucket(parts.reduce((n, part) => n + part.slots.length, 0));
    const recorded = this.#plans.get(`${N} ${P} ${B}`, () => this.#record(N, P, B));
    // Before anything is written: from there on nothing may come between.
    const compiling = recorded.plan.compile();
    if (compiling) await compiling;

    const packer = this.#packer;
    packer.clear();
    const lastRows = new Uint32Array(B).fill(noIndex);
    const slotsOfRows = new Uint32Array(B).fill(noIndex);
    let ends = 0;
    for (const part of parts) {
      const { cacheBegin, prefix, begin, slots, tokens } = part;
      const [, end] = packer.put(part);
      const { cacheRows, querySpans } = packer.rows;
      const [prefixBegin, prefixEnd] = prefix ?? [0, 0];
      for (let i = 0; i < tokens.length; i++) {
        cacheRows.push(cacheBegin + i);
        querySpans.push4(prefixBegin, prefixEnd, cacheBegin - begin, cacheBegin + i + 1);
      }
      for (const slot of slots) {
        lastRows[ends] = end - 1;
        slotsOfRows[ends++] = slot;
      }
    }
    recorded.vision?.fill(packer.images);
    recorded.rows.fill(packer.values);
    this.#gpu.write(recorded.lastRows, lastRows);
    this.#gpu.write(recorded.slots, slotsOfRows);
    await runTraced(recorded.plan, "prefill", traces);
  }

  free(): void {
    this.#plans.free();
  }

  /** @param N  rows of text @param P  patches @param B  conversations */
  #record(N: number, P: number, B: number): PrefillPlan {
    const plan = new Plan(this.#gpu, `prefill ${N}`, { reuse: true });
    const tape = new Tape(plan, false);
    const vision = P > 0 ? this.#model.visionRows(plan, { capacity: P, trained: false }) : null;
    const { vocabSize } = this.#model.config.text;
    const rows = new TextRows(plan, { capacity: N, vocabSize, imageTokens: vision?.tokens ?? 0, trained: false });
    const lastRows = plan.empty("prefill.last_rows", [B, 1], "u32");
    const slots = plan.empty("prefill.slots", [B], "u32");
    const seen = vision && this.#model.vision(tape, vision);
    const hidden = this.#model.text(tape, { rows, vision: seen, cache: this.#cache });
    this.#sampler.sample(tape, gather(tape, hidden, { index: lastRows }), slots);
    return { plan, rows, vision, lastRows, slots };
  }
}
