import type { SizeLimits } from "../../image/smart_resize.ts";
import type { Conversations, Policy, Prompt, Sampling } from "../../policy/policy.ts";
import type { Vocabulary } from "../../policy/vocabulary.ts";
import type { RandomWords } from "./host_sampler.ts";
import { OnnxConversations } from "./onnx_conversations.ts";
import type { OnnxModel } from "./onnx_model.ts";

export interface OnnxPolicyParts {
  model: OnnxModel;
  /** What people call it. */
  name: string;
  /** How large it is shown pictures. */
  view: SizeLimits;
  /** Text of the likeliest tokens. */
  vocabulary: Pick<Vocabulary, "texts">;
  random: RandomWords;
}

/**
 * The policy whose model is a folder's ONNX graphs. What it samples has log-probabilities and entropies, by the graphs'
 * logits; the graphs give none for a prompt, no attention and no gradients.
 */
export class OnnxPolicy implements Policy {
  readonly parts: OnnxPolicyParts;
  #latest: OnnxConversations | null = null;

  constructor(parts: OnnxPolicyParts) {
    this.parts = parts;
  }

  async begin(
    prompts: readonly Prompt[],
    rolloutsPerPrompt: number,
    _suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations> {
    this.#latest?.close();
    this.#latest = await OnnxConversations.begin(this.parts, { prompts, rolloutsPerPrompt, sampling });
    return this.#latest;
  }
}
