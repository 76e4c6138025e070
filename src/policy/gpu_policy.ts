import type { Gpu } from "../gpu/gpu.ts";
import type { Model } from "../model/model.ts";
import { GpuConversations } from "./gpu_conversations.ts";
import type { Conversations, Passage, Policy, Sampling } from "./policy.ts";
import type { Traces } from "./prefill.ts";
import { Workspace } from "./workspace.ts";

/** The policy whose model runs in our own kernels. */
export class GpuPolicy implements Policy {
  readonly gpu: Gpu;
  readonly model: Model;
  /** Kernel times of one pass of each kind, where they are traced. */
  readonly traces: Traces = new Map();
  readonly #isTraced: boolean;
  /** Whether tokens are submitted before the look before them has been read. */
  readonly #ahead: boolean;
  #workspace: Workspace | null = null;
  /** Counts what makes earlier conversations worthless. */
  #epoch = 0;

  constructor(gpu: Gpu, model: Model, { traced = false, ahead = false }: { traced?: boolean; ahead?: boolean } = {}) {
    this.gpu = gpu;
    this.model = model;
    this.#isTraced = traced;
    this.#ahead = ahead;
  }

  async begin(
    prompts: readonly Passage[],
    rolloutsPerPrompt: number,
    suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations> {
    const size = {
      prompts: prompts.length,
      slots: prompts.length * rolloutsPerPrompt,
      prefixTokens: Math.max(...prompts.map(({ tokens }) => tokens.length)),
      suffixTokens,
    };
    if (!this.#workspace?.fits(size)) {
      this.#workspace?.free();
      this.#workspace = new Workspace(this.gpu, this.model, size, this.#ahead);
    }
    const epoch = ++this.#epoch;
    return GpuConversations.begin(prompts, this.#workspace, {
      isCurrent: () => epoch === this.#epoch,
      rolloutsPerPrompt,
      sampling,
      traces: this.#isTraced ? this.traces : null,
    });
  }

  /** The weights have changed: what is in the cache is not what they would compute. */
  forget(): void {
    this.#epoch++;
  }

  /** Gives the caches and recorded plans back. */
  free(): void {
    this.#workspace?.free();
    this.#workspace = null;
  }
}
