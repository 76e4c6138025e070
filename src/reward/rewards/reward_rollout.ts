import { wholeText } from "../../agent/response_text.ts";
import type { Rollout } from "../../agent/rollout.ts";
import { MissingText, responseOf } from "../responses/response_of.ts";
import type { RewardRollout, Turn } from "./reward_function.ts";

/**
 * What a reward sees of a rollout.
 * @param decode text of tokens, special ones included; absent without a tokenizer
 */
export function rewardRollout(rollout: Rollout, decode?: (tokens: readonly number[]) => string): RewardRollout {
  const { id, answer, end, calls } = rollout;
  if (end === "error") throw new Error(`Expected a rollout that did not fail, found ${id} that ended with an error`);
  return {
    id,
    answer,
    end,
    calls,
    get turns(): Turn[] {
      if (!decode)
        throw new MissingText(
          "the tokenizer of the run's model, by which a reward reads turns",
          "none; name it (--tokenizer DIR)",
        );
      return rollout.segments.flatMap(({ source, tokens }) =>
        source === "prompt" ? [] : [{ source, text: decode(tokens) }],
      );
    },
    get text(): string {
      return responseOf(rollout).plain;
    },
    get textWithSpecial(): string {
      return wholeText(responseOf(rollout));
    },
    raw: rollout,
  };
}
