import type { NamedBytes } from "../../platform.ts";
import { continuationFields } from "./continuation_fields.ts";
import type { Logged } from "./logged_steps.ts";
import { markFields } from "./rollout_marks.ts";
import { promptText, responseText, type TokenTexts, tokenTextsOf } from "./rollout_texts.ts";

/**
 * RLLoggingBoard's JSON lines, as DeepEyes' own logger writes them (verl/utils/rl_logging_board_utils.py): put the
 * file into a folder under the board's rollout_samples. The lists are over the tokens that the model wrote, so that
 * they have the same length, as the board demands; tools' answers stand in `response` only. The reward stands at the
 * last token, and values are 0: GRPO has no critic. There are no `ref_logprobs`: a log does not contain them.
 * Rollouts without a verdict are left out, since the board sums up rewards.
 */
export async function* rlLoggingBoardLog(log: AsyncIterable<Logged>, texts: TokenTexts): AsyncGenerator<NamedBytes> {
  for await (const one of log) {
    if (one.kind !== "step") continue;
    const markOf = markFields(one);
    const continuationOf = continuationFields(one);
    const lines = one.groups.flatMap(({ task, rollouts }) =>
      rollouts.flatMap((rollout) => {
        const { reward } = rollout;
        if (!reward) return [];
        const modelSegments = rollout.segments.filter(({ source }) => source === "model");
        const tokens = modelSegments.flatMap((segment) => segment.tokens);
        return [
          JSON.stringify({
            step: one.step,
            prompt: promptText(rollout, texts),
            response: responseText(rollout, texts),
            response_tokens: modelSegments.flatMap((segment) => tokenTextsOf(segment, texts)),
            logprobs: modelSegments.flatMap(({ logprobs }) => logprobs),
            values: tokens.map(() => 0),
            token_rewards: tokens.map((_, i) => (i === tokens.length - 1 ? reward.total : 0)),
            reward: reward.total,
            ground_truth: task.answer,
            rm_response: reward.verdict,
            ...continuationOf(rollout),
            ...markOf(rollout),
          }),
        ];
      }),
    );
    yield { name: "rollouts.jsonl", bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")) };
  }
}
