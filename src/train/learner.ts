import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import { Plan } from "../gpu/plan.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { activationBytes, canBind, maxPassBytes } from "../model/activation_size.ts";
import type { Model } from "../model/model.ts";
import { adamw, gradNorm } from "../ops/adamw.ts";
import { klKinds } from "../ops/policy_loss.ts";
import { roundToBf16 } from "../ops/round.ts";
import { type Packed, type PackedGroup, pack, sizes } from "./pack.ts";
import { type checkpointingChoices, fillWalk, type LossKind, recordWalk, type Walk, type WalkKind } from "./walk.ts";

/** What one optimizer update is made with; all of it may change from update to update. */
export interface UpdateSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** Decay vectors (norms, biases) too, as torch does when nobody sorts them out. */
  decayVectors: boolean;
  maxGradNorm: number;
  clipRatioLow: number;
  clipRatioHigh: number;
  clipRatioC: number;
  klLossCoef: number;
  klLossType: (typeof klKinds)[number];
  /** Weight of the entropy, which is subtracted from the policy loss; 0: its gradient is not computed. */
  entropyCoef: number;
  temperature: number;
  suppressed: readonly number[];
}

/** What an update tells, per trained token in the order of the groups' targets, and as a whole. */
export interface UpdateResult {
  logprobs: Float32Array;
  entropies: Float32Array;
  /** (targets, 6) of `policyLoss`, (targets, 1) of `nll`. */
  terms: Float32Array;
  gradNorm: number;
}

/**
 * Forward, loss, backward, clip, AdamW: one update of a model on packed groups. Walks are recorded for a size and
 * replayed while the size stays.
 */
export class Learner {
  readonly #walks = new Map<string, Walk>();
  readonly #allowed: Tensor;
  readonly #temperature: Tensor;
  readonly #lossSettings: Tensor;
  readonly #adamState: Tensor;
  #optimizer: { plan: Plan; norm: Tensor; decayVectors: boolean } | null = null;
  /** Updates made since the optimizer's moments were zero. */
  updates = 0;
  readonly traces = new Map<string, KernelTime[]>();
  traced = false;
  /** "auto": where all activations of a walk would take more than `maxPassBytes`. */
  gradientCheckpointing: (typeof checkpointingChoices)[number] = "auto";

  constructor(
    readonly gpu: Gpu,
    readonly model: Model,
    readonly loss: LossKind,
    /** Bytes of activations of one micro-batch; an update of more is made in several, whose gradients add up. */
    readonly mostBytes = maxPassBytes,
  ) {
    this.#allowed = gpu.empty("learner.allowed", [model.config.text.vocabSize], "u32");
    this.#temperature = gpu.empty("learner.temperature", [1]);
    this.#lossSettings = gpu.empty("learner.loss_settings", [8]);
    this.#adamState = gpu.empty("learner.adam_state", [8]);
  }

  /**
   * One update on all groups.
   *
   * @param refLogprobs log-probabilities under the reference model, in the order of the targets; needed for a KL term
   * @param signal      gives the update up between two micro-batches: weights and moments are as before then
   * @throws the signal's reason where that stops it
   */
  async update(
    groups: readonly PackedGroup[],
    settings: UpdateSettings,
    refLogprobs?: Float32Array,
    signal?: AbortSignal,
  ): Promise<UpdateResult> {
    signal?.throwIfAborted();
    this.#writeSettings(settings);
    const parts = this.#split(groups);
    const results: { logprobs: Float32Array; entropies: Float32Array; terms: Float32Array }[] = [];
    let done = 0;
    let norm = Number.NaN;
    for (const [i, part] of parts.entries()) {
      if (signal?.aborted) this.#giveUp(signal);
      const packed = this.#pack(part);
      const walk = this.#walk(packed, settings.entropyCoef === 0 ? "training" : "training with entropy");
      fillWalk(walk, packed, refLogprobs?.subarray(done, done + packed.targets.length));
      await this.#run(walk.plan, "update");
      const count = packed.targets.length;
      done += count;
      const reads = [walk.logprob, walk.entropy, walk.terms!];
      if (i === parts.length - 1) {
        const optimizer = this.#optimizerPlan(settings.decayVectors);
        await this.#run(optimizer.plan, "optimizer");
        reads.push(optimizer.norm);
      }
      const [logprobs, entropies, terms, norms] = await this.gpu.read(...reads);
      const width = walk.terms!.shape[1] ?? 1;
      results.push({
        logprobs: logprobs!.subarray(0, count),
        entropies: entropies!.subarray(0, count),
        terms: terms!.subarray(0, count * width),
      });
      if (norms) norm = norms[0]!;
    }
    return {
      logprobs: concat(results.map((r) => r.logprobs)),
      entropies: concat(results.map((r) => r.entropies)),
      terms: concat(results.map((r) => r.terms)),
      gradNorm: norm,
    };
  }

  /** Log-probabilities of the targets under the model as it is; nothing is trained. */
  async logprobs(
    groups: readonly PackedGroup[],
    settings: Pick<UpdateSettings, "temperature" | "suppressed">,
  ): Promise<Float32Array> {
    this.#writeSampling(settings);
    const results: Float32Array[] = [];
    for (const part of this.#split(groups)) {
      const packed = this.#pack(part);
      const walk = this.#walk(packed, "forward");
      fillWalk(walk, packed);
      walk.plan.run();
      results.push((await this.gpu.read(walk.logprob)).subarray(0, packed.targets.length));
    }
    return concat(results);
  }

  /** Forgets the gradients of the micro-batches that were made. */
  #giveUp(signal: AbortSignal): never {
    for (const { d } of this.model.trained.segments) this.gpu.clear(d);
    this.updates--;
    throw signal.reason;
  }

  free(): void {
    for (const { plan } of this.#walks.values()) plan.free();
    this.#optimizer?.plan.free();
    for (const { buffer } of [this.#allowed, this.#temperature, this.#lossSettings, this.#adamState])
      this.gpu.release(buffer);
  }

  #pack(groups: readonly PackedGroup[]): Packed {
    const { imageTokenId, vision } = this.model.config;
    return pack(groups, imageTokenId, vision.spatialMergeSize);
  }

  /** Groups in parts that fit the memory set for one walk, and whose activations the device can bind. */
  #split(groups: readonly PackedGroup[]): PackedGroup[][] {
    const { config } = this.model;
    const parts: PackedGroup[][] = [];
    let [bytes, rows, patches] = [0, 0, 0];
    for (const group of groups) {
      const own = sizes(group);
      const more = activationBytes(config, own.rows, own.patches);
      const isBound = canBind(config, rows + own.rows, patches + own.patches, this.gpu);
      if (parts.length === 0 || bytes + more > this.mostBytes || !isBound) {
        parts.push([]);
        [bytes, rows, patches] = [0, 0, 0];
      }
      parts.at(-1)!.push(group);
      bytes += more;
      rows += own.rows;
      patches += own.patches;
    }
    return parts;
  }

  #walk(packed: Packed, kind: WalkKind): Walk {
    const N = bucket(packed.rows.tokens.length, 32);
    const P =
      packed.images.length === 0
        ? 0
        : bucket(
            packed.images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0),
            16 * this.model.config.vision.spatialMergeSize ** 2,
          );
    const R = bucket(packed.targets.length, 32);
    const key = `${N} ${P} ${R} ${kind} ${kind === "forward" ? "" : this.gradientCheckpointing}`;
    const known = this.#walks.get(key);
    if (known) return known;
    // Sizes drift while the model learns to call the tool; only the current ones are worth their memory.
    for (const [other, { plan, terms }] of this.#walks)
      if ((terms === null) === (kind === "forward")) {
        plan.free();
        this.#walks.delete(other);
      }
    const state = { allowed: this.#allowed, temperature: this.#temperature, lossSettings: this.#lossSettings };
    const size = { rows: N, patches: P, targets: R };
    const walk = recordWalk(this.model, this.loss, state, size, kind, this.gradientCheckpointing);
    this.#walks.set(key, walk);
    return walk;
  }

  #writeSampling({ temperature, suppressed }: Pick<UpdateSettings, "temperature" | "suppressed">): void {
    const allowed = new Uint32Array(this.model.config.text.vocabSize).fill(1);
    for (const id of suppressed) allowed[id] = 0;
    this.gpu.write(this.#allowed, allowed);
    this.gpu.write(this.#temperature, new Float32Array([temperature]));
  }

  #writeSettings(s: UpdateSettings): void {
    this.#writeSampling(s);
    this.gpu.write(
      this.#lossSettings,
      new Float32Array([
        s.clipRatioLow,
        s.clipRatioHigh,
        s.clipRatioC,
        s.klLossCoef,
        klKinds.indexOf(s.klLossType),
        s.entropyCoef,
        0,
        0,
      ]),
    );
    this.updates++;
    const correction = (beta: number) => 1 - beta ** this.updates;
    this.gpu.write(
      this.#adamState,
      new Float32Array([
        s.learningRate,
        s.beta1,
        s.beta2,
        s.eps,
        s.weightDecay,
        s.maxGradNorm,
        correction(s.beta1),
        correction(s.beta2),
      ]),
    );
  }

  #optimizerPlan(decayVectors: boolean): { plan: Plan; norm: Tensor } {
    if (this.#optimizer?.decayVectors === decayVectors) return this.#optimizer;
    this.#optimizer?.plan.free();
    const plan = new Plan(this.gpu, "optimizer", { reuse: true });
    const { segments } = this.model.trained;
    const norm = gradNorm(
      plan,
      segments.map((s) => s.d),
    );
    for (const { weight, d, m, v, rounded, matrixEnd } of segments) {
      adamw(plan, {
        weight,
        d,
        m,
        v,
        decayEnd: decayVectors ? weight.shape[0]! : matrixEnd,
        state: this.#adamState,
        norm,
      });
      if (rounded) roundToBf16(plan, weight, rounded);
    }
    plan.keep(norm);
    this.#optimizer = { plan, norm, decayVectors };
    return this.#optimizer;
  }

  async #run(plan: Plan, kind: string): Promise<void> {
    if (this.traced && !this.traces.has(kind)) this.traces.set(kind, await plan.trace());
    else plan.run();
  }
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
