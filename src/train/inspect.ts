import { bufferOf } from "../gpu/activation.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Plan } from "../gpu/plan.ts";
import { Tape } from "../gpu/tape.ts";
import { noIndex, type Tensor } from "../gpu/tensor.ts";
import type { Model } from "../model/model.ts";
import { linear } from "../ops/linear.ts";
import { logprob } from "../ops/logprob.ts";
import { inspectPass, pickedStep } from "./inspect_pass.ts";
import type { UpdateSettings } from "./learner.ts";
import type { PackedGroup } from "./pack.ts";
import { type Likelihood, likeliest, logSoftmax, measuresOf } from "./token_measures.ts";

/** One written token under a model, and under another one where there is one. */
export interface TokenMeasure {
  /** The likeliest tokens there, likeliest first, and the written one behind them where it is not among them. */
  top: Likelihood[];
  /** Of the written token, with the bits of training; natural. */
  logprob: number;
  /** Of the whole distribution, nats. */
  entropy: number;
  /** |e - p|, the length of the gradient of the log-probability by the logits at temperature 1; e is 1 at the written token. */
  spread: number;
  other: OtherMeasure | null;
}

interface OtherMeasure {
  /** Of each of `top`. */
  probabilities: number[];
  logprob: number;
  /** KL of the model to the other one over the whole vocabulary, nats. */
  kl: number;
}

/** Bytes of logits that are read at a time, of each model. */
const chunkBytes = 64 * 2 ** 20;

interface Measuring extends Pick<UpdateSettings, "temperature" | "suppressed"> {
  /** Tokens in `top`. */
  count: number;
}

/**
 * What a model would write at each target of a group, and how another one differs. A pass for each, recorded for this
 * group and freed; their logits are read in parts.
 */
export async function measureTokens(
  gpu: Gpu,
  { model, other }: { model: Model; other?: Model | null },
  group: PackedGroup,
  settings: Measuring,
): Promise<TokenMeasure[]> {
  const passes: LogitPass[] = [];
  try {
    for (const one of other ? [model, other] : [model]) passes.push(await LogitPass.run(gpu, one, group, settings));
    const [own, another] = passes as [LogitPass, LogitPass?];
    const measures: TokenMeasure[] = [];
    for (let first = 0; first < own.count; first += own.chunkRows) {
      const [logits, others] = [await own.logits(first), await another?.logits(first)];
      for (let row = 0; row < own.chunkRows && first + row < own.count; row++) {
        const t = first + row;
        const token = own.tokens[t]!;
        const logs = logSoftmax(rowOf(logits, row, own.vocabSize), settings);
        const top = likeliest(logs, token, settings.count);
        const measured = { top, logprob: own.logprobs[t]!, entropy: own.entropies[t]! };
        if (!another || !others) {
          measures.push({ ...measured, spread: measuresOf(logs, token, null).spread, other: null });
          continue;
        }
        const otherLogs = logSoftmax(rowOf(others, row, own.vocabSize), settings);
        const { spread, kl } = measuresOf(logs, token, otherLogs);
        const probabilities = top.map((one) => Math.exp(otherLogs[one.token]!));
        measures.push({ ...measured, spread, other: { probabilities, logprob: another.logprobs[t]!, kl } });
      }
    }
    return measures;
  } finally {
    for (const pass of passes) pass.free();
  }
}

const rowOf = (logits: Float32Array, row: number, vocabSize: number): Float32Array =>
  logits.subarray(row * vocabSize, (row + 1) * vocabSize);

/** A group's pass under one model, from whose hidden states logits are made when they are asked for. */
class LogitPass {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #plan: Plan;
  /** (R, C), in a buffer of its own. */
  readonly #picked: Tensor;
  readonly tokens: readonly number[];
  readonly logprobs: Float32Array;
  readonly entropies: Float32Array;
  /** Targets whose logits are read at a time. */
  readonly chunkRows: number;

  private constructor(
    { gpu, model, plan, picked }: { gpu: Gpu; model: Model; plan: Plan; picked: Tensor },
    of: { tokens: readonly number[]; logprobs: Float32Array; entropies: Float32Array },
  ) {
    this.#gpu = gpu;
    this.#model = model;
    this.#plan = plan;
    this.#picked = { ...picked, buffer: bufferOf(picked) };
    this.tokens = of.tokens;
    this.logprobs = of.logprobs;
    this.entropies = of.entropies;
    const rows = Math.floor(chunkBytes / (4 * this.vocabSize * pickedStep)) * pickedStep;
    this.chunkRows = Math.min(Math.max(pickedStep, rows), picked.shape[0]!);
  }

  static async run(
    gpu: Gpu,
    model: Model,
    group: PackedGroup,
    { temperature, suppressed }: Pick<UpdateSettings, "temperature" | "suppressed">,
  ): Promise<LogitPass> {
    const { plan, tape, packed, picked } = inspectPass(gpu, model, group);
    try {
      const tokens = packed.targets.map(({ token }) => token);
      const rows = picked.shape[0]!;
      const targets = new Uint32Array(rows).fill(noIndex);
      targets.set(tokens);
      const allowed = new Uint32Array(model.config.text.vocabSize).fill(1);
      for (const id of suppressed) allowed[id] = 0;
      const found = logprob(tape, {
        h: picked,
        weight: model.head,
        targets: plan.upload("inspect.targets", targets, [rows]),
        allowed: plan.upload("inspect.allowed", allowed, [allowed.length]),
        temperature: plan.upload("inspect.temperature", Float32Array.of(temperature), [1]),
      });
      for (const tensor of [picked, found.logprob, found.entropy]) plan.keep(tensor);
      plan.run();
      const [logprobs, entropies] = await gpu.read(found.logprob, found.entropy);
      return new LogitPass({ gpu, model, plan, picked }, { tokens, logprobs: logprobs!, entropies: entropies! });
    } catch (error) {
      plan.free();
      throw error;
    }
  }

  get count(): number {
    return this.tokens.length;
  }

  get vocabSize(): number {
    return this.#model.config.text.vocabSize;
  }

  /** (chunkRows or fewer, V) of the targets from `first` on. */
  async logits(first: number): Promise<Float32Array> {
    const [R, C] = this.#picked.shape as [number, number];
    const x = {
      ...this.#picked,
      shape: [Math.min(this.chunkRows, R - first), C],
      offsetBytes: this.#picked.offsetBytes + first * C * 4,
    };
    const plan = new Plan(this.#gpu, "inspect logits", { reuse: true });
    try {
      const logits = linear(new Tape(plan, false), x, this.#model.head);
      plan.keep(logits);
      plan.run();
      return await this.#gpu.read(logits);
    } finally {
      plan.free();
    }
  }

  free(): void {
    this.#plan.free();
  }
}
