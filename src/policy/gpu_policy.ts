import { bucket } from "../gpu/bucket.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Model } from "../model/model.ts";
import { GpuConversations } from "./gpu_conversations.ts";
import type { Conversations, Policy, Prompt, Sampling } from "./policy.ts";
import type { Traces } from "./prefill.ts";
import { Workspace, type WorkspaceOptions, type WorkspaceSize } from "./workspace.ts";

/** The policy whose model runs in our own kernels. */
export class GpuPolicy implements Policy {
  readonly gpu: Gpu;
  readonly model: Model;
  /** Kernel times of one pass of each kind, where they are traced. */
  readonly traces: Traces = new Map();
  readonly #isTraced: boolean;
  readonly #options: WorkspaceOptions;
  readonly #sizes: "exact" | "roomy";
  #workspace: Workspace | null = null;
  /** Counts what makes earlier conversations worthless. */
  #epoch = 0;

  /** @param sizes  roomy: caches are larger than asked for, so that conversations of many lengths share one */
  constructor(
    gpu: Gpu,
    model: Model,
    {
      traced = false,
      sizes = "exact",
      ...options
    }: WorkspaceOptions & { traced?: boolean; sizes?: "exact" | "roomy" } = {},
  ) {
    this.gpu = gpu;
    this.model = model;
    this.#isTraced = traced;
    this.#options = options;
    this.#sizes = sizes;
  }

  async begin(
    prompts: readonly Prompt[],
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
    // What continues rollouts of a step fits into the room that these had, which the next step needs again.
    const isContinued = prompts.some(({ place }) => place);
    if (!this.#workspace?.fits(size, isContinued ? "within" : this.#sizes)) {
      this.#workspace?.free();
      const made = this.#sizes === "roomy" ? roomy(size) : size;
      this.#workspace = new Workspace(this.gpu, this.model, made, this.#options);
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

/** Room for prompts and suffixes that are a little longer. */
const roomy = (size: WorkspaceSize): WorkspaceSize => ({
  ...size,
  prefixTokens: bucket(size.prefixTokens, 64),
  suffixTokens: bucket(size.suffixTokens, 64),
});
