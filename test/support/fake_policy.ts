import type { Behaviour } from "./fake_judge.ts";

/** What a scripted policy says in one turn. */
export interface Said {
  content?: string | null;
  tool_calls?: { id?: string; name: string; arguments: string }[];
  finish_reason?: string;
  /** Leaves the log-probabilities out, as servers do that know none. */
  withoutLogprobs?: boolean;
  /** The text that its tokens make up, where it is not the content. */
  written?: string;
  model?: string;
  prompt_tokens?: number | null;
}

/** A chat completion in the form of vLLM's: tokens are words here, each half as likely as the alternative beside it. */
export function completion({ content = "", tool_calls = [], finish_reason, ...said }: Said): Behaviour {
  const written = said.written ?? content ?? "";
  const tokens = written.match(/\s*\S+|\s+/g) ?? [];
  const entry = (token: string, logprob: number) => ({ token, logprob, bytes: [...new TextEncoder().encode(token)] });
  const answer = {
    object: "chat.completion",
    model: said.model ?? "fake",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content,
          tool_calls: tool_calls.map(({ id, name, arguments: given }) => ({
            id: id ?? "chatcmpl-tool-1",
            type: "function",
            function: { name, arguments: given },
          })),
        },
        logprobs: said.withoutLogprobs
          ? null
          : {
              content: tokens.map((token) => ({
                ...entry(token, Math.log(0.25)),
                top_logprobs: [entry("other", Math.log(0.5)), entry(token, Math.log(0.25))],
              })),
            },
        finish_reason: finish_reason ?? (tool_calls.length > 0 ? "tool_calls" : "stop"),
        stop_reason: null,
      },
    ],
    usage: {
      ...(said.prompt_tokens === null ? {} : { prompt_tokens: said.prompt_tokens ?? 400 }),
      completion_tokens: tokens.length,
    },
  };
  return { kind: "raw", body: JSON.stringify(answer) };
}
