/** Limits of a conversation; 0 turns mean no limit. */
export interface TurnLimits {
  /** Tokens of everything behind the prompt. */
  responseTokens: number;
  assistantTurns: number;
  userTurns: number;
}

export type VerlStop =
  | "response_length"
  | "max_assistant_turns"
  | "max_user_turns"
  | "no_tool_call"
  | "observation_does_not_fit";

/**
 * The counters of verl's ToolAgentLoop (b37184774, experimental/agent_loop/tool_agent_loop.py): a turn may overrun the
 * response, an observation may not; a call in the last allowed turn is not carried out.
 */
export class VerlTurns {
  readonly #limits: TurnLimits;
  assistantTurns = 0;
  userTurns = 0;
  executedCalls = 0;
  observationTokens = 0;
  #tokens = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Tokens that count, mask and all. */
  get responseTokens(): number {
    return Math.min(this.#tokens, this.#limits.responseTokens);
  }

  get turns(): number {
    return this.userTurns + this.assistantTurns + 1;
  }

  /** Takes a turn of the model in. @returns why the conversation ends here, or null where its calls are carried out */
  generated(tokens: number, calls: number): VerlStop | null {
    this.#tokens += tokens;
    this.assistantTurns++;
    const { responseTokens, assistantTurns, userTurns } = this.#limits;
    if (this.#tokens >= responseTokens) return "response_length";
    if (assistantTurns > 0 && this.assistantTurns >= assistantTurns) return "max_assistant_turns";
    if (userTurns > 0 && this.userTurns >= userTurns) return "max_user_turns";
    return calls === 0 ? "no_tool_call" : null;
  }

  /** Takes in what the tools answered. @returns why the conversation ends here, without the answer, or null */
  observed(tokens: number, calls = 1): VerlStop | null {
    this.executedCalls += calls;
    if (this.#tokens + tokens >= this.#limits.responseTokens) return "observation_does_not_fit";
    this.#tokens += tokens;
    this.observationTokens += tokens;
    this.userTurns++;
    return null;
  }
}
