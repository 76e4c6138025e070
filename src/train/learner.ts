import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import type { Plan } from "../gpu/plan.ts";
import { PlanCache } from "../gpu/plan_cache.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { maxPassBytes } from "../model/activation_size.ts";
import type { Model } from "../model/model.ts";
import { RowPacker } from "../model/row_packer.ts";
import { type LossSettings, lossWordCount, lossWords } from "../ops/policy_loss.ts";
import type { RatioLevel } from "./loss_terms.ts";
import { microBatches } from "./micro_batches.ts";
import { Optimizer, type OptimizerSettings } from "./optimizer.ts";
import { type Packed, type PackedGroup, pack } from "./pack.ts";
import { type Checkpointing, fillPass, type LossKind, type Pass, type PassKind, recordPass } from "./pass.ts";

/** What one optimizer update is made with; all of it may change from update to update. */
export interface UpdateSettings extends OptimizerSettings, LossSettings {
  temperature: number;
  /** Tokens that are left out of the distribution. */
  suppressed: readonly number[];
  /** "auto" unless given: where all activations of a pass would take more than `maxPassBytes`. */
  gradientCheckpointing?: Checkpointing;
  /** "token" unless given. */
  ratioLevel?: RatioLevel;
}

export interface UpdateOptions {
  /** Updates that the optimizer's moments have behind them, 0 where they are zero: AdamW corrects its means by it. */
  updatesBefore: number;
  /** Log-probabilities under the reference model, in the order of the targets; needed for a KL term. */
  refLogprobs?: Float32Array;
  /** Gives the update up between two micro-batches: weights and moments are as before then. */
  signal?: AbortSignal;
  /** Called once all passes are in the queue, before their results are waited for. */
  onSubmitted?: () => void;
  /** Takes the time of each kernel, where it has none yet of the kind of pass. */
  traces?: Map<string, KernelTime[]>;
}

/** What came of an update, per trained token in the order of the groups' targets, and as a whole. */
export interface UpdateResult {
  logprobs: Float32Array;
  entropies: Float32Array;
  /** (targets, 6) of `policyLoss`, (targets, 1) of `nll`. */
  terms: Float32Array;
  gradNorm: number;
}

/** The norm only of the last one, after which the optimizer makes its step. */
type MicroBatchResult = Omit<UpdateResult, "gradNorm"> & { gradNorm: number | null };

/** Passes that are kept, and most bytes of what they are filled with: sizes drift while the model learns to call the tool. */
const mostPasses = 16;
const mostPassesBytes = 256 * 2 ** 20;

/**
 * Forward, loss, backward, clip, AdamW: one update of a model on packed groups. Passes are recorded for a size and
 * replayed while the size stays. What a learner keeps is recorded plans: an update depends on its arguments, the
 * weights and the optimizer's moments alone.
 */
export class Learner {
  readonly #passes = new PlanCache<Pass>({ count: mostPasses, bytes: mostPassesBytes });
  readonly #allowed: Tensor;
  readonly #temperature: Tensor;
  readonly #lossSettings: Tensor;
  readonly #optimizer: Optimizer;
  readonly #packer: RowPacker;

  constructor(
    readonly gpu: Gpu,
    readonly model: Model,
    readonly loss: LossKind,
    /** Bytes of activations of one micro-batch; an update of more is made in several, whose gradients add up. */
    readonly mostBytes = maxPassBytes,
  ) {
    this.#allowed = gpu.empty("learner.allowed", [model.config.text.vocabSize], "u32");
    this.#temperature = gpu.empty("learner.temperature", [1]);
    this.#lossSettings = gpu.empty("learner.loss_settings", [lossWordCount], "u32");
    this.#optimizer = new Optimizer(gpu, model);
    this.#packer = new RowPacker(model.config.imageTokenId);
  }

  /** Passes that were recorded so far. */
  get recordedPasses(): number {
    return this.#passes.recorded;
  }

  /** One update on all groups. @throws the signal's reason where that stops it */
  async update(
    groups: readonly PackedGroup[],
    settings: UpdateSettings,
    { updatesBefore, refLogprobs, signal, onSubmitted, traces }: UpdateOptions,
  ): Promise<UpdateResult> {
    signal?.throwIfAborted();
    this.#writeSampling(settings);
    this.gpu.write(this.#lossSettings, lossWords(settings));
    this.#optimizer.write(settings, updatesBefore + 1);
    const parts = this.#microBatches(groups);
    const results: MicroBatchResult[] = [];
    let reading: Promise<MicroBatchResult> | null = null;
    let done = 0;
    for (const [i, microBatch] of parts.entries()) {
      // Packed while the one before is computed.
      const packed = this.#pack(microBatch);
      const kind = settings.entropyCoef === 0 ? "training" : "training with entropy";
      const pass = this.#pass(packed, kind, settings);
      const compiling = pass.plan.compile();
      if (compiling) await compiling;
      if (reading) results.push(await reading);
      if (signal?.aborted) this.#giveUp(signal);
      const count = packed.targets.length;
      fillPass(pass, packed, refLogprobs?.subarray(done, done + count));
      await run(pass.plan, "update", traces);
      done += count;
      let norm: Tensor | null = null;
      if (i === parts.length - 1) {
        const optimizer = this.#optimizer.recorded(settings.decayVectors);
        await run(optimizer.plan, "optimizer", traces);
        norm = optimizer.norm;
      }
      reading = this.#read(pass, count, norm);
      // An error is thrown where it is awaited, which may be later.
      reading.catch(() => {});
      if (i === parts.length - 1) onSubmitted?.();
    }
    if (reading) results.push(await reading);
    return {
      logprobs: concat(results.map((r) => r.logprobs)),
      entropies: concat(results.map((r) => r.entropies)),
      terms: concat(results.map((r) => r.terms)),
      gradNorm: results.at(-1)?.gradNorm ?? Number.NaN,
    };
  }

  /** To be called while the device computes an update: the host has time for what the next one costs it. */
  prepareNext(): void {
    this.gpu.encodeAhead();
  }

  /** Everything of a micro-batch in one read, which is submitted before this returns. */
  async #read({ logprob, entropy, terms }: Pass, count: number, norm: Tensor | null): Promise<MicroBatchResult> {
    if (!terms) throw new Error("a pass that trains nothing has no terms");
    const [logprobs, entropies, values, norms] = await this.gpu.read(logprob, entropy, terms, ...(norm ? [norm] : []));
    return {
      logprobs: logprobs!.subarray(0, count),
      entropies: entropies!.subarray(0, count),
      terms: values!.subarray(0, count * (terms.shape[1] ?? 1)),
      gradNorm: norms?.[0] ?? null,
    };
  }

  /** Log-probabilities of the targets under the model as it is; nothing is trained. */
  async logprobs(
    groups: readonly PackedGroup[],
    settings: Pick<UpdateSettings, "temperature" | "suppressed">,
  ): Promise<Float32Array> {
    this.#writeSampling(settings);
    const results: Float32Array[] = [];
    for (const microBatch of this.#microBatches(groups)) {
      const packed = this.#pack(microBatch);
      const pass = this.#pass(packed, "forward");
      fillPass(pass, packed);
      pass.plan.run();
      results.push((await this.gpu.read(pass.logprob)).subarray(0, packed.targets.length));
    }
    return concat(results);
  }

  /** Clears the gradients of the micro-batches that were made. */
  #giveUp(signal: AbortSignal): never {
    for (const { d } of this.model.trained.trainedSegments) this.gpu.clear(d);
    throw signal.reason;
  }

  free(): void {
    this.#passes.free();
    this.#optimizer.free();
    for (const { buffer } of [this.#allowed, this.#temperature, this.#lossSettings]) this.gpu.release(buffer);
  }

  /** Valid until the next micro-batch is packed, which it is once this one was written into its pass. */
  #pack(groups: readonly PackedGroup[]): Packed {
    const { imageTokenId, vision } = this.model.config;
    return pack(groups, imageTokenId, vision.spatialMergeSize, this.#packer);
  }

  #microBatches(groups: readonly PackedGroup[]): PackedGroup[][] {
    return microBatches(groups, this.model.config, this.gpu, this.mostBytes);
  }

  #pass(
    packed: Packed,
    kind: PassKind,
    {
      gradientCheckpointing = "auto",
      ratioLevel = "token",
    }: Pick<UpdateSettings, "gradientCheckpointing" | "ratioLevel"> = {},
  ): Pass {
    const patches = packed.images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);
    const size = {
      rows: bucket(packed.rows.tokens.length, 32),
      patches: patches === 0 ? 0 : bucket(patches, 16 * this.model.config.vision.spatialMergeSize ** 2),
      targets: bucket(packed.targets.length, 32),
    };
    const key = [...Object.values(size), kind, ...(kind === "forward" ? [] : [gradientCheckpointing, ratioLevel])].join(
      " ",
    );
    const state = { allowed: this.#allowed, temperature: this.#temperature, lossSettings: this.#lossSettings };
    return this.#passes.get(key, () =>
      recordPass(this.model, size, { kind, loss: this.loss, ratioLevel, state, gradientCheckpointing }),
    );
  }

  #writeSampling({ temperature, suppressed }: Pick<UpdateSettings, "temperature" | "suppressed">): void {
    const allowed = new Uint32Array(this.model.config.text.vocabSize).fill(1);
    for (const id of suppressed) allowed[id] = 0;
    this.gpu.write(this.#allowed, allowed);
    this.gpu.write(this.#temperature, new Float32Array([temperature]));
  }
}

async function run(plan: Plan, kind: string, traces: Map<string, KernelTime[]> | undefined): Promise<void> {
  if (traces && !traces.has(kind)) traces.set(kind, await plan.trace());
  else plan.run();
}

function concat(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
