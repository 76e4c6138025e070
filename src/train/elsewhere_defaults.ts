import type { RunConfig } from "./knobs.ts";

/**
 * The settings that a policy elsewhere is asked with where nobody chose others: prompts that describe the tools, our own
 * rules for calls, and turns as long as such models write them.
 */
export const elsewhereDefaults: Partial<RunConfig> = {
  prompt: "deepeyes",
  tool: "saccade",
  toolErrors: "answer",
  maxToolCalls: 4,
  firstTurnTokens: 2048,
  nextTurnTokens: 2048,
};
