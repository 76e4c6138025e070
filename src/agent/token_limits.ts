import type { Chat } from "../policy/chat.ts";
import type { PromptName } from "../policy/offered_tool.ts";
import type { Tool } from "./tools/tool.ts";

/** Limits of what a rollout may hold behind its prompt, in tokens. */
export interface TokenLimits {
  /** The form of the conversation: tools answer with more text in some. */
  prompt: PromptName;
  zoom: boolean;
  /** Calls allowed in a rollout; one more ends it with "turns". */
  maxToolCalls: number;
  firstTurnTokens: number;
  nextTurnTokens: number;
  /**
   * Longest response, tools' answers included: the turn that reaches it is cut there, an answer of the tool that does
   * not fit ends the rollout. 0: as long as the turns' own limits allow.
   */
  responseTokens: number;
}

/** Tokens that are reserved for a rollout. */
export interface Capacity {
  responseTokens: number;
  observationTokens: number;
}

/** Longest text beside a tool's pictures, or in their place, of a tool without a `maxTextTokens`. */
const usualTextTokens = 192;

/** Longest text in tokens of any of these tools, as far as they ask for more than the usual. */
export const longestText = (tools: readonly Tool[]): number =>
  Math.max(0, ...tools.map(({ maxTextTokens = 0 }) => maxTextTokens));

/**
 * What is reserved behind a prompt.
 * @param pictureTokens  of the largest picture, with what stands around it
 * @param textTokens     of the longest text that a tool asks for
 */
export function capacityAfter(pictureTokens: number, limits: TokenLimits, textTokens = 0): Capacity {
  // In the compact form a sentence stands in the picture's place, and is never longer.
  const usual = limits.prompt === "compact" ? 0 : usualTextTokens;
  const observationTokens = pictureTokens + Math.max(usual, textTokens);
  const calls = limits.zoom ? limits.maxToolCalls : 0;
  const allTurns = limits.firstTurnTokens + calls * (observationTokens + limits.nextTurnTokens);
  const { responseTokens } = limits;
  return { responseTokens: responseTokens > 0 ? Math.min(responseTokens, allTurns) : allTurns, observationTokens };
}

/** Ids left out of the distribution, in sampling and in training alike. */
export function suppressed(chat: Chat, { zoom }: { zoom: boolean }): number[] {
  return zoom ? [...chat.reserved] : [...chat.reserved, chat.toolCallStart];
}
