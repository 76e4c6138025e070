import type { AttentionMaps } from "../../train/attention_maps.ts";
import type { AnsweredBy } from "./asked_weights.ts";
import type { AskedRollout } from "./rollout_api.ts";

export interface AskedAttention extends AskedRollout {
  /** Of the token among those that the model wrote in the rollout. */
  index: number;
}

/** Attention to the pictures before a token, and whose it is. */
export interface Attention extends AttentionMaps {
  by: AnsweredBy;
}
