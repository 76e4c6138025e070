import { connectionDefaults } from "../../connection/server_connection.ts";
import type { JudgeSettings } from "../../reward/judges/judge.ts";
import type { JudgeName } from "../../reward/judges/table.ts";
import type { RunConfig } from "../../train/knobs.ts";

/** A judge's settings from the knobs. The key is not a knob: it must not stand in a log, an address or a checkpoint. */
export function judgeSettingsOf(config: RunConfig, judge: JudgeName, key: string | null): JudgeSettings {
  return {
    ...connectionDefaults,
    url: config.judgeUrl,
    model: config.judgeModel,
    key,
    judge,
    votes: config.judgeVotes,
    concurrency: config.judgeConcurrency,
    timeoutMs: config.judgeTimeout * 1000,
    retries: config.judgeRetries,
    maxCalls: config.judgeBudget,
    maxReplyTokens: config.judgeReplyTokens,
    prices: { prompt: config.judgePromptPrice, reply: config.judgeReplyPrice },
    canaryRate: config.canaryRate,
  };
}
