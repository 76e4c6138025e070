import type { NamedBytes } from "../../platform.ts";
import { callsWritten, turnsOf } from "../../train/metrics.ts";
import { continuationFields } from "./continuation_fields.ts";
import type { Logged } from "./logged_steps.ts";
import { markFields } from "./rollout_marks.ts";
import { promptText, responseText, type TokenTexts } from "./rollout_texts.ts";

/**
 * What verl writes into trainer.rollout_data_dir and its scripts/rollout_viewer.py reads: `<step>.jsonl`, one rollout a
 * line (verl/trainer/ppo/ray_trainer.py, _dump_generations). The first five fields are verl's; the others stand where
 * it puts a reward function's extra information. Special tokens are kept, verl's own dump leaves them out.
 * Every line of a file has the same fields; `score` and all that follows from it is null where the judge failed.
 */
export async function* verlLog(log: AsyncIterable<Logged>, texts: TokenTexts): AsyncGenerator<NamedBytes> {
  for await (const one of log) {
    if (one.kind !== "step" || one.groups.length === 0) continue;
    const { step, groups } = one;
    const rewards = groups.flatMap(({ rollouts }) => rollouts.map(({ reward }) => reward));
    const parts = [...new Set(rewards.flatMap((reward) => Object.keys(reward?.parts ?? {})))];
    const markOf = markFields(one);
    const continuationOf = continuationFields(one);
    const lines = groups.flatMap(({ task, rollouts }) =>
      rollouts.map((rollout) => {
        const { reward } = rollout;
        return JSON.stringify({
          input: promptText(rollout, texts),
          output: responseText(rollout, texts),
          gts: task.answer,
          // verl's score comes before a KL is charged.
          score: reward ? reward.total - (reward.parts.kl ?? 0) : null,
          step,
          request_id: rollout.id,
          data_source: task.dataSource ?? task.source,
          acc: reward && rollout.unjudged === undefined ? Number(reward.right) : null,
          ...Object.fromEntries(parts.map((name) => [`reward_${name}`, reward?.parts[name] ?? null])),
          reward: reward?.total ?? null,
          advantage: rollout.advantage,
          pred: rollout.answer,
          verdict: reward?.verdict ?? (rollout.unjudged === undefined ? null : `no verdict: ${rollout.unjudged}`),
          end: rollout.end,
          num_turns: turnsOf(rollout),
          num_tool_calls: callsWritten(rollout),
          num_tool_calls_succeeded: rollout.calls.filter(({ outcome }) => outcome === "ok").length,
          ...continuationOf(rollout),
          ...markOf(rollout),
        });
      }),
    );
    yield { name: `${step}.jsonl`, bytes: new TextEncoder().encode(`${lines.join("\n")}\n`) };
  }
}
