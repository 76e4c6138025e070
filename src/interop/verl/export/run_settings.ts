import type { CoordinateFrame } from "../../../image/coordinate_frame.ts";
import type { SizeLimits } from "../../../image/smart_resize.ts";
import type { OfferedTool } from "../../../policy/offered_tool.ts";
import type { JudgeRequest } from "../../../reward/connection/request.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "../../../reward/judges/deepeyes_prompts.ts";
import { judgeRequestHardened } from "../../../reward/judges/hardened_prompt.ts";
import { judgeRequestAsVerl } from "../../../reward/judges/verl.ts";
import { rewardNamed } from "../../../reward/rewards/table.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { formatText } from "./chat_template.ts";

/** How the model of a run sees pictures. */
export interface ExportView {
  frame: CoordinateFrame;
  limits: SizeLimits;
  /** A crop is never narrower than this, source px. */
  minSidePx: number;
}

/** What a run needs to know beside its settings to be written for verl. */
export interface ExportedRun {
  config: RunConfig;
  /** What it offers, in order. */
  tools: readonly OfferedTool[];
  view: ExportView;
  /** Longest response in tokens, tools' answers included. */
  responseTokens: number;
}

/** Rewards that verl's function of one response can be, with what differs. */
const rewardNotes: Readonly<Record<string, string>> = {
  "mini-o3": "a rollout that ran out of turns or tokens is paid 0, since verl leaves none out of its group",
};
const refusedRewards: Readonly<Record<string, string>> = {
  "pixel-reasoner": "it pays by the whole group, and verl's reward function sees one rollout",
  thyme: "it asks a judge whether answers follow from their thoughts, which is not written in Python",
  "tools-rl": "what it pays depends on the step, and verl's reward function is not told the step",
  legible: "it asks a reader what stands in a crop, which is not written in Python",
};

/** What of the reward differs under verl; null where nothing does. @throws Error where it cannot be one of verl's */
export function rewardNote({ reward }: Pick<RunConfig, "reward">): string | null {
  const why = refusedRewards[reward];
  if (why !== undefined)
    throw new Error(`The reward ${reward} cannot be exported to verl: ${why}; choose another by --reward`);
  return rewardNotes[reward] ?? null;
}

/** The arguments of the Python tools: they stand in tools.yaml as well, where verl hands them over. */
export const toolSettings = ({ config, view }: ExportedRun) => ({
  environment: config.tool,
  frame: view.frame,
  min_side_px: view.minSidePx,
  crop: config.crop,
  view: { factor: view.limits.factor, min_pixels: view.limits.minPixels, max_pixels: view.limits.maxPixels },
});

/** settings.json: what the Python files read of the run. */
export function runSettings(run: ExportedRun): Record<string, unknown> {
  const { config, tools } = run;
  const { prompt, zoom } = config;
  const isCompact = prompt === "compact";
  return {
    verl: "0.9.1",
    prompt,
    environment: config.tool,
    format_text: formatText(prompt, tools),
    stops: isCompact ? ["<|im_end|>"] : ["<|im_end|>", "<|endoftext|>"],
    // Ids that the model never samples here; vLLM gets a bias for them.
    reserved: ["<|image_pad|>", isCompact ? "<|endoftext|>" : "<|video_pad|>", ...(zoom ? [] : ["<tool_call>"])],
    first_turn_tokens: config.firstTurnTokens,
    next_turn_tokens: config.nextTurnTokens,
    max_tool_calls: config.maxToolCalls,
    ends_at_errors: config.tool === "saccade" && config.toolErrors === "end",
    tools: toolSettings(run),
    reward: {
      name: config.reward,
      parts: rewardNamed(config.reward).parts.map(({ name }) => name),
      weights: {
        answer: config.answerWeight,
        format: config.formatWeight,
        zoom: config.bonusWeight,
        bonus: config.bonus,
      },
    },
    judge: judgeSettings(config),
  };
}

/** Without a key: that comes from the environment. */
const judgeSettings = (config: RunConfig) => ({
  name: config.judge,
  url: config.judgeUrl,
  url_env: "SACCADE_JUDGE_URL",
  model: config.judgeModel.split(",")[0]!.trim(),
  model_env: "SACCADE_JUDGE_MODEL",
  key_env: "SACCADE_JUDGE_KEY",
  timeout_s: config.judgeTimeout,
  retries: config.judgeRetries,
  requests: judgeRequests(config),
});

const fields = { question: "{{question}}", goldAnswer: "{{gold}}" };
const answer = "{{answer}}";

function judgeRequests({ judge, judgeReplyTokens }: RunConfig): Record<string, unknown> {
  const written = ({ messages, temperature, extra = {} }: JudgeRequest) => ({
    messages,
    temperature,
    extra: { ...extra, ...(judgeReplyTokens > 0 ? { max_tokens: judgeReplyTokens } : {}) },
  });
  const all = {
    verl: () => written(judgeRequestAsVerl(answer, fields)),
    vision: () => written(judgeRequestAsDeepEyes(answer, fields)),
    reasoning: () => written(reasoningRequest(answer, fields)),
    math: () => written(mathRequest(answer, fields)),
    hardened: () => written(judgeRequestHardened(answer, fields, false)),
  };
  const needed: Record<string, (keyof typeof all)[]> = {
    rules: [],
    hardened: ["hardened"],
    verl: ["verl"],
    deepeyes: ["vision", "reasoning", "math"],
    "deepeyes-math": ["math"],
    "deepeyes-common": ["reasoning"],
  };
  return Object.fromEntries((needed[judge] ?? []).map((kind) => [kind, all[kind]()]));
}
