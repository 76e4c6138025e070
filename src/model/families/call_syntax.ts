/** How a model writes a call of a tool. */
export interface CallSyntax {
  /** Tokens around a call. */
  open: string;
  close: string;
  /** What is between them: a JSON object with name and arguments. */
  body: "json";
}

/** Calls as Hermes has them, and Qwen's models up to Qwen3. */
export const hermesCalls: CallSyntax = { open: "<tool_call>", close: "</tool_call>", body: "json" };
